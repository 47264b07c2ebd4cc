package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// loggedAtOnce is how many touches one post of the load has.
const loggedAtOnce = 100

// measureTouches posts batches of touches as a shop's till or a telephone exchange would, for a tenth as many customers as there are touches.
func (b *bencher) measureTouches(ctx context.Context) error {
	post := func(int) error {
		list := make([]map[string]any, loggedAtOnce)
		for i := range list {
			n := nextNumber()
			list[i] = map[string]any{"id": fmt.Sprint("bench-", n), "source": "bench", "kind": "purchase", "at": time.Now().Add(-time.Hour).UnixMilli(), "customer": map[string]string{"phone": phone(n % b.threads)},
				"text": "کفش پیاده‌روی", "data": map[string]any{"amount": "1250000", "currency": "IRT", "order": fmt.Sprint("o", n)}}
		}
		var answer struct{ Items []struct{ Status string } }
		if err := b.hub.api(ctx, http.MethodPost, "touches", map[string]any{"touches": list}, &answer); err != nil {
			return err
		}
		for _, t := range answer.Items {
			if t.Status != "recorded" {
				return fmt.Errorf("a touch was %s", t.Status)
			}
		}
		if len(answer.Items) != loggedAtOnce {
			return fmt.Errorf("%d touches were answered", len(answer.Items))
		}
		return nil
	}
	callers := min(b.callers, 8)
	if _, _, err := closedLoop(ctx, callers, b.warmUp(), post); err != nil {
		return err
	}
	before, err := b.hub.usage(ctx)
	if err != nil {
		return err
	}
	perSecond, times, err := closedLoop(ctx, callers, b.time, post)
	if err != nil {
		return err
	}
	after, err := b.hub.usage(ctx)
	if err != nil {
		return err
	}
	b.report.add(figure{Name: "touches", Label: "touches logged over the API, acknowledged", Value: perSecond * loggedAtOnce, Unit: "/s", Spread: &times,
		Note: fmt.Sprintf("%d callers, %d a post; hub's CPU for each %s µs", callers, loggedAtOnce, number((after.cpu-before.cpu)/max(1, perSecond*b.time.Seconds()*loggedAtOnce)*1e6))})
	return nil
}

// measureImport sends a CSV file of purchases, with Jalali dates and Persian digits, and waits until all of its rows are in the record.
func (b *bencher) measureImport(ctx context.Context) error {
	file, w := io.Pipe()
	go func() { w.CloseWithError(writePurchases(w, b.searched)) }()
	defer file.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.hub.base+"/api/v1/imports?of=touches&name=bench.csv", file)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/csv")
	req.Header.Set("X-Tamas-CSRF", "1")
	req.Header.Set("Authorization", "Bearer "+b.hub.token)
	resp, err := b.hub.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var at struct {
		ID, State, Error string
		Made, Bad        int
	}
	if resp.StatusCode != http.StatusCreated {
		return fmt.Errorf("the file was not taken%s", said(resp))
	}
	if err := json.NewDecoder(resp.Body).Decode(&at); err != nil {
		return err
	}
	before, err := b.hub.usage(ctx)
	if err != nil {
		return err
	}
	begun, most := time.Now(), before.resident
	if err := b.hub.api(ctx, http.MethodPost, "imports/"+at.ID+"/run", struct{}{}, nil); err != nil {
		return err
	}
	for {
		if err := b.hub.api(ctx, http.MethodGet, "imports/"+at.ID, nil, &at); err != nil {
			return err
		}
		now, err := b.hub.usage(ctx)
		if err != nil {
			return err
		}
		most = max(most, now.resident)
		switch at.State {
		case "done":
			took := time.Since(begun)
			if at.Made != b.searched || at.Bad > 0 {
				return fmt.Errorf("of %d rows %d were made, %d were bad", b.searched, at.Made, at.Bad)
			}
			b.report.add(figure{Name: "import", Label: "touches imported from a CSV file", Value: float64(at.Made) / took.Seconds(), Unit: "/s", Aim: 1e6 / 180,
				Note: fmt.Sprintf("%d rows in %.1f s; hub's CPU for each %s µs, memory +%.0f MB", at.Made, took.Seconds(), number((now.cpu-before.cpu)/float64(at.Made)*1e6), max(0, most-before.resident)/1e6)})
			return nil
		case "failed", "cancelled":
			return errors.New("the import " + at.State + ": " + at.Error)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// writePurchases writes the file: purchases of a year, ten of a customer.
func writePurchases(to io.Writer, rows int) error {
	w := bufio.NewWriterSize(to, 1<<16)
	fmt.Fprintln(w, "id,kind,date,phone,name,amount,currency,text")
	for i := range rows {
		c := i * 7919 % max(rows/10, 1)
		fmt.Fprintf(w, "%d,purchase,۱۴۰۴/%02d/%02d %02d:%02d,0912%07d,علی رضایی %d,\"%d,000\",IRT,خرید شمارهٔ %d از فروشگاه مرکزی\n", i, i%12+1, i%29+1, i%24, i%60, c, c, i%900+100, i)
	}
	return w.Flush()
}
