package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tamas/channels"
	"tamas/channels/provider"
)

// listMedia fetches the n files of a listed message. When Twilio does not tell which they are, in several tries, they are
// missing: one message holds up nobody.
func (a *twilio) listMedia(ctx context.Context, sid string, n int) ([]channels.File, error) {
	o := a.get(ctx, a.base+"/Messages/"+url.PathEscape(sid)+"/Media.json?PageSize=50")
	if err := a.trouble(o); err != nil {
		if o.Status == 0 || o.Status == http.StatusUnauthorized || o.Status == http.StatusTooManyRequests || ctx.Err() != nil || a.tried(sid) < 3 {
			return nil, &trouble{text: "Twilio does not tell the files of a message: " + err.Error()}
		}
		missing := channels.File{Name: "MMS", Kind: "file", Missing: fmt.Sprintf("could not be fetched from Twilio: it answered %d", o.Status)}
		return slices.Repeat([]channels.File{missing}, min(n, 20)), nil
	}
	var page struct {
		Media []struct {
			SID  string `json:"sid"`
			Type string `json:"content_type"`
		} `json:"media_list"`
	}
	if err := json.Unmarshal(o.Body, &page); err != nil {
		return nil, &trouble{text: "Twilio sent a list of files that cannot be read"}
	}
	var files []channels.File
	for _, m := range page.Media {
		f, err := a.media(ctx, a.base+"/Messages/"+url.PathEscape(sid)+"/Media/"+url.PathEscape(m.SID), m.Type, true)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// tried counts the tries to have a message's files.
func (a *twilio) tried(sid string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.tries) > 10_000 {
		clear(a.tries)
	}
	a.tries[sid]++
	return a.tries[sid]
}

// fetchError is why content could not be had: gone for good, or perhaps not.
type fetchError struct {
	gone bool
	err  error
}

func (e *fetchError) Error() string { return e.err.Error() }

// media stores one file of Twilio's. What is gone, or is not Twilio's at all, is missing; what cannot be had now is an error,
// unless this was the last chance (patient), when it is tried for a while and then missing.
func (a *twilio) media(ctx context.Context, addr, kind string, patient bool) (channels.File, error) {
	f := channels.File{Name: mediaName(addr, kind), Type: kind, Kind: mediaKind(kind)}
	for try := 1; ; try++ {
		got, err := a.store(ctx, addr, f)
		fe, isFetch := err.(*fetchError)
		switch {
		case err == nil:
			return got, nil
		case !isFetch, !patient && !fe.gone:
			return f, err // the store is away, or Twilio is
		case try == 3:
			f.Missing = "could not be fetched from Twilio: " + a.api.Clean(fe.Error())
			return f, nil
		}
		// Also what is gone may only not have arrived yet.
		if err := provider.Pause(ctx, a.pace.again); err != nil {
			return f, err
		}
	}
}

// store fetches content by at most four steps, with credentials for the API alone, and streams it into the store.
func (a *twilio) store(ctx context.Context, addr string, f channels.File) (channels.File, error) {
	for range 4 {
		u, err := url.Parse(addr)
		if err != nil || !a.mediaHost(u) {
			return f, &fetchError{gone: true, err: errors.New("its address is not one of Twilio's")}
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, addr, nil)
		if err != nil {
			return f, &fetchError{gone: true, err: a.api.CleanError(err)}
		}
		if strings.HasPrefix(addr, a.base+"/") {
			a.login(req)
		}
		resp, err := a.api.Open(req)
		if err != nil {
			return f, &fetchError{err: err}
		}
		next := resp.Header.Get("Location")
		switch {
		case resp.StatusCode/100 == 3 && next != "":
			_ = resp.Body.Close()
			to, err := u.Parse(next)
			if err != nil {
				return f, &fetchError{gone: true, err: errors.New("it leads nowhere")}
			}
			addr = to.String()
			continue
		case resp.StatusCode != http.StatusOK:
			_ = resp.Body.Close()
			gone := resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone
			return f, &fetchError{gone: gone, err: fmt.Errorf("it answered %d", resp.StatusCode)}
		}
		content := &watchedReader{r: resp.Body}
		got, err := a.desk.Store(ctx, f, content)
		_ = resp.Body.Close()
		if err != nil && content.err != nil {
			return f, &fetchError{err: content.err}
		}
		return got, err
	}
	return f, &fetchError{gone: true, err: errors.New("it leads in circles")}
}

// watchedReader remembers whether reading failed, so that a bad line is not taken for a bad store.
type watchedReader struct {
	r   io.Reader
	err error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// mediaHost tells whether an address is where Twilio keeps files: the API itself, its own domains, its bucket.
func (a *twilio) mediaHost(u *url.URL) bool {
	if api, err := url.Parse(a.set.APIURL); err == nil && u.Scheme == api.Scheme && u.Host == api.Host && u.User == nil {
		return true
	}
	if u.Scheme != "https" || u.User != nil || u.Port() != "" && u.Port() != "443" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return slices.ContainsFunc(a.mediaHosts, func(h string) bool { return strings.HasSuffix(host, h) }) ||
		host == "s3-external-1.amazonaws.com" && strings.HasPrefix(u.Path, "/media.twiliocdn.com/")
}

// mediaName is a file's name for people: Twilio gives none.
func mediaName(addr, kind string) string {
	name := addr[strings.LastIndex(addr, "/")+1:]
	name, _, _ = strings.Cut(name, "?")
	if len(name) > 64 {
		name = name[:64]
	}
	main, _, _ := mime.ParseMediaType(kind)
	if ext := extensions[main]; ext != "" {
		return name + ext
	}
	if all, err := mime.ExtensionsByType(main); err == nil && len(all) > 0 {
		return name + all[0]
	}
	return name
}

var extensions = map[string]string{"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "video/mp4": ".mp4", "video/3gpp": ".3gp",
	"audio/mpeg": ".mp3", "audio/amr": ".amr", "audio/mp4": ".m4a", "application/pdf": ".pdf", "text/vcard": ".vcf", "text/plain": ".txt"}

func mediaKind(kind string) string {
	switch main, _, _ := strings.Cut(strings.ToLower(kind), "/"); main {
	case "image", "audio", "video":
		return main
	}
	return "file"
}
