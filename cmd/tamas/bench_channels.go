package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"tamas/channels/email/emailtest"
)

// channelMeasures are what --channels stands for.
const channelMeasures = "mail,sms,files"

// measureMail delivers mails into the mailbox of a real Dovecot and waits until all are in the record, with all that an inbox does
// about new ones.
func (b *bencher) measureMail(ctx context.Context) error {
	dove, err := startDovecot(emailtest.Address, emailtest.Password)
	if errors.Is(err, errNoDovecot) {
		fmt.Fprintf(b.log, "%-8s left out: %v\n", "", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer dove.close()
	smtp, err := emailtest.Start()
	if err != nil {
		return err
	}
	defer smtp.Close()
	settings := map[string]any{}
	if err := json.Unmarshal(smtp.Settings(emailtest.Password), &settings); err != nil {
		return err
	}
	settings["imap_host"], settings["imap_port"] = dove.host, json.Number(dove.port)
	var a account
	if err := b.hub.api(ctx, http.MethodPost, "accounts", map[string]any{"kind": "email", "name": "Bench mail", "queue": b.hub.queue.ID, "settings": settings}, &a); err != nil {
		return err
	}
	b.hub.accounts = append(b.hub.accounts, a)
	if err := b.connected(ctx, a.ID); err != nil {
		return err
	}
	n := max(20, int(200*b.time.Seconds()))
	body := strings.Repeat("Where is my order? سفارشم کجاست؟\r\n", 30)
	before, err := b.hub.usage(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	for range n {
		i := nextNumber()
		raw := emailtest.Compose(fmt.Sprintf("Customer %d <customer%d@example.com>", i%b.threads, i%b.threads), fmt.Sprintf("bench-%d@example.com", i),
			fmt.Sprintf("Order %d", i%b.threads), body)
		if err := dove.deliver(raw); err != nil {
			return err
		}
	}
	delivered := time.Since(begun)
	for deadline := time.Now().Add(time.Minute + 10*b.time); ; time.Sleep(5 * time.Millisecond) {
		u, err := b.hub.usage(ctx)
		if err != nil {
			return err
		}
		if got := int(u.mails - before.mails); got >= n {
			took := time.Since(begun)
			b.report.add(figure{Name: "mail", Label: "mails from Dovecot into the record", Value: float64(n) / took.Seconds(), Unit: "/s", Aim: 200,
				Note: fmt.Sprintf("%d mails of %d bytes on one account, delivered within %.1f s; hub's CPU for each %s µs", n, len(body), delivered.Seconds(), number((u.cpu-before.cpu)/float64(n)*1e6))})
			return nil
		} else if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d mails came", got, n)
		}
	}
}

// connected waits until an account is.
func (b *bencher) connected(ctx context.Context, id string) error {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		var health struct {
			Accounts []struct{ Account, State, Detail string }
		}
		if err := b.hub.api(ctx, http.MethodGet, "accounts/health", nil, &health); err != nil {
			return err
		}
		said := ""
		for _, x := range health.Accounts {
			if x.Account == id {
				if said = x.State + " " + x.Detail; x.State == "connected" {
					return nil
				}
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the account does not connect: %s", said)
		}
	}
}

// measureSMS posts signed webhooks of one message each, in a load that a gateway could make.
func (b *bencher) measureSMS(ctx context.Context) error {
	d, callers, err := b.smsCallers(ctx, min(b.callers, 64))
	if err != nil {
		return err
	}
	defer hangUp(callers)
	call := func(i int) error { return callers[i].sms(d, smsBody(nextNumber(), 1, b.phoneOf)) }
	if _, _, err := closedLoop(ctx, len(callers), b.warmUp(), call); err != nil {
		return err
	}
	perSecond, times, err := closedLoop(ctx, len(callers), b.time, call)
	if err != nil {
		return err
	}
	b.report.add(figure{Name: "sms", Label: "SMS webhooks into the record", Value: perSecond, Unit: "/s", Aim: 1000, Note: fmt.Sprintf("%d callers", len(callers)), Spread: &times})
	return nil
}

const (
	benchFile   = 50 << 20 // bytes
	benchRounds = 5
)

// measureFiles sends a large file up as an agent does and fetches it again, beside what copying it to the same disk takes, and
// watches the hub's memory meanwhile.
func (b *bencher) measureFiles(ctx context.Context) error {
	dir, err := os.MkdirTemp(b.hub.dir, "files-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d, callers, err := b.smsCallers(ctx, 1)
	if err != nil {
		return err
	}
	defer hangUp(callers)
	if err := callers[0].sms(d, smsBody(nextNumber(), 1, phone)); err != nil {
		return err
	}
	var list struct{ Items []struct{ ID string } }
	if err := b.hub.api(ctx, http.MethodGet, "conversations", nil, &list); err != nil || len(list.Items) == 0 {
		return errors.Join(err, errors.New("no conversation to put files into"))
	}
	content := make([]byte, benchFile)
	_, _ = rand.Read(content)
	if err := b.hub.collect(); err != nil {
		return err
	}
	before, err := b.hub.usage(ctx)
	if err != nil {
		return err
	}
	watch := b.watchMemory(ctx)
	var copies, ups, downs []float64 // bytes a second
	for range benchRounds {
		_, _ = rand.Read(content[:64]) // a file of its own: the store keeps each content once
		took, err := copyFile(filepath.Join(dir, "copy"), bytes.NewReader(content))
		if err != nil {
			return err
		}
		copies = append(copies, benchFile/took.Seconds())
		begun := time.Now()
		var up struct{ File struct{ ID string } }
		if err := b.send(ctx, "files?name=bench.bin", bytes.NewReader(content), &up); err != nil {
			return err
		}
		ups = append(ups, benchFile/time.Since(begun).Seconds())
		var note struct{ Touch struct{ ID string } }
		if err := b.hub.api(ctx, http.MethodPost, "conversations/"+list.Items[0].ID+"/note", map[string]any{"text": "a file", "files": []string{up.File.ID}}, &note); err != nil {
			return err
		}
		begun = time.Now()
		resp, err := b.get(ctx, "files/"+note.Touch.ID+"/0")
		if err != nil {
			return err
		}
		_, err = copyFile(filepath.Join(dir, "down"), resp)
		resp.Close()
		if err != nil {
			return err
		}
		downs = append(downs, benchFile/time.Since(begun).Seconds())
	}
	peak := watch()
	for _, f := range []struct {
		name, label string
		rates       []float64
	}{{"upload", "upload of 50 MB", ups}, {"download", "download of 50 MB", downs}} {
		b.report.add(figure{Name: "files." + f.name, Label: f.label + ", against io.Copy", Value: median(f.rates) / median(copies), Unit: "×", Aim: 0.5,
			Note: fmt.Sprintf("%.0f MB/s; io.Copy to the same disk %.0f MB/s, both until it is on disk", median(f.rates)/1e6, median(copies)/1e6)})
	}
	b.report.add(figure{Name: "files.memory", Label: "hub's memory beside that", Value: max(0, peak-before.resident) / (1 << 20), Unit: "MB", Aim: 32, Less: true,
		Note: fmt.Sprintf("resident at most %.0f MB, %.0f MB before", peak/(1<<20), before.resident/(1<<20))})
	return nil
}

// watchMemory looks at the hub's resident memory until the function that it gives is called, which tells the most.
func (b *bencher) watchMemory(ctx context.Context) (most func() float64) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	var peak atomic.Int64
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if u, err := b.hub.usage(ctx); err == nil && int64(u.resident) > peak.Load() {
				peak.Store(int64(u.resident))
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return func() float64 { cancel(); <-done; return float64(peak.Load()) }
}

// copyFile is io.Copy into a new file, until it is on disk.
func copyFile(name string, from io.Reader) (time.Duration, error) {
	begun := time.Now()
	f, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer os.Remove(name)
	n, err := io.Copy(f, struct{ io.Reader }{from}) // through memory, as the hub has to
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil && n != benchFile {
		err = fmt.Errorf("%d of %d bytes", n, benchFile)
	}
	return time.Since(begun), err
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// send posts a body as it is.
func (b *bencher) send(ctx context.Context, path string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.hub.base+"/api/v1/"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("X-Tamas-CSRF", "1")
	req.Header.Set("Authorization", "Bearer "+b.hub.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
		return fmt.Errorf("%s: %s: %s", path, resp.Status, said)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}

func (b *bencher) get(ctx context.Context, path string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.hub.base+"/api/v1/"+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+b.hub.token)
	resp, err := http.DefaultClient.Do(req)
	if err == nil && resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		err = fmt.Errorf("%s: %s", path, resp.Status)
	}
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}
