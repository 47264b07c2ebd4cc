package smstest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What the double of Kavenegar knows of its one account.
const (
	KavenegarKey  = "6B63656E6567617254657374417069"
	KavenegarLine = "10004346"
	HookToken     = "kavenegar-calls-with-this-token"
)

// Kavenegar is the double. All methods are safe for concurrent use.
type Kavenegar struct {
	provider
	inbound []Message // what customers wrote, oldest first
	read    map[string]bool
	states  map[string]int
	most    int       // messages of one page
	since   time.Time // what was received before is not listed
}

// StartKavenegar listens on addr ("127.0.0.1:0" for any port) and serves until Close.
func StartKavenegar(addr string) (*Kavenegar, error) {
	k := &Kavenegar{read: map[string]bool{}, states: map[string]int{}, most: 50}
	return k, k.start(addr, http.HandlerFunc(k.serve))
}

// Say makes a customer (0912…) write to KavenegarLine; it returns the message's id.
func (k *Kavenegar) Say(from, text string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	m := k.received(from, text, time.Now())
	k.form(from, url.Values{"messageid": {m.ID}, "from": {from}, "to": {KavenegarLine}, "message": {text}})
	return m.ID
}

// Old puts a message into the list that was received at a moment; it is not delivered.
func (k *Kavenegar) Old(from, text string, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.received(from, text, at)
}

// ListsSince makes the double refuse to list what was received before a moment.
func (k *Kavenegar) ListsSince(at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.since = at
}

func (k *Kavenegar) received(from, text string, at time.Time) Message {
	k.n++
	m := Message{ID: strconv.Itoa(35850000 + k.n), From: from, To: KavenegarLine, Text: text, At: at}
	k.inbound = append(k.inbound, m)
	return m
}

// Post delivers any form in the order of from's messages.
func (k *Kavenegar) Post(from string, form url.Values) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.form(from, form)
}

// SendStatus calls the webhook with a sent message's status: 10 delivered, 11 not, 14 blocked …
func (k *Kavenegar) SendStatus(id string, status int) {
	k.mu.Lock()
	k.states[id] = status
	k.mu.Unlock()
	k.Post("status "+id, url.Values{"messageid": {id}, "status": {strconv.Itoa(status)}})
}

func (k *Kavenegar) form(thread string, form url.Values) {
	k.enqueue(&delivery{thread: thread, request: func(u string) (*http.Request, error) {
		return http.NewRequest(http.MethodGet, u+HookToken+"?"+form.Encode(), nil)
	}})
}

func (k *Kavenegar) serve(w http.ResponseWriter, r *http.Request) {
	if !k.enter() {
		return
	}
	defer k.wg.Done()
	method, ok := strings.CutPrefix(r.URL.Path, "/v1/"+KavenegarKey+"/")
	if !ok {
		kavenegarAnswer(w, 403, "کد شناسائی API-Key معتبر نمی‌باشد", nil)
		return
	}
	switch method {
	case "account/info.json":
		kavenegarAnswer(w, 200, "تایید شد", map[string]any{"remaincredit": 1500032, "expiredate": 13548889, "type": "Master"})
	case "sms/send.json":
		k.send(w, r)
	case "sms/inboxpaged.json":
		k.inbox(w, r)
	case "sms/selectoutbox.json":
		k.outbox(w, r)
	default:
		kavenegarAnswer(w, 404, "متد نامشخص است", nil)
	}
}

func (k *Kavenegar) send(w http.ResponseWriter, r *http.Request) {
	to, text, sender := r.FormValue("receptor"), r.FormValue("message"), r.FormValue("sender")
	switch {
	case len(to) < 10 || !strings.HasPrefix(to, "0"):
		kavenegarAnswer(w, 411, "دریافت کننده نامعتبر است", nil)
		return
	case sender != KavenegarLine:
		kavenegarAnswer(w, 412, "ارسال کننده نامعتبر است", nil)
		return
	case text == "" || len([]rune(text)) > 900:
		kavenegarAnswer(w, 413, "پیام خالی است و یا طول پیام بیش از حد مجاز می‌باشد", nil)
		return
	}
	e164 := "+98" + to[1:]
	if abroad, ok := strings.CutPrefix(to, "00"); ok {
		e164 = "+" + abroad
	}
	k.mu.Lock()
	k.n++
	m := Message{ID: strconv.Itoa(8792000 + k.n), From: sender, To: e164, Text: text, At: time.Now()}
	k.mu.Unlock()
	if f := k.accept(m); f != nil {
		if f.Body != "" {
			w.WriteHeader(f.Status)
			fmt.Fprint(w, f.Body)
			return
		}
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		kavenegarAnswer(w, f.Code, f.Text, nil)
		return
	}
	id, _ := strconv.Atoi(m.ID)
	kavenegarAnswer(w, 200, "تایید شد", []map[string]any{{"messageid": id, "message": text, "status": 1, "statustext": "در صف ارسال",
		"sender": sender, "receptor": to, "date": m.At.Unix(), "cost": 120}})
}

// inbox lists what was received, newest first; what was unread becomes read.
func (k *Kavenegar) inbox(w http.ResponseWriter, r *http.Request) {
	from, to := moments(r)
	page, _ := strconv.Atoi(r.FormValue("pagenumber"))
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.since.IsZero() && from < k.since.Unix() {
		kavenegarAnswer(w, 417, "تاریخ ارسال اشتباه است", nil)
		return
	}
	var all []map[string]any
	for _, m := range slices.Backward(k.inbound) {
		if r.FormValue("linenumber") != KavenegarLine || (r.FormValue("isread") == "1") != k.read[m.ID] || m.At.Unix() < from || m.At.Unix() > to {
			continue
		}
		id, _ := strconv.Atoi(m.ID)
		all = append(all, map[string]any{"messageid": id, "message": m.Text, "sender": m.From, "receptor": m.To, "date": m.At.Unix()})
	}
	first := min(max(page-1, 0)*k.most, len(all))
	some := all[first:min(first+k.most, len(all))]
	for _, m := range some {
		k.read[strconv.Itoa(m["messageid"].(int))] = true
	}
	kavenegarAnswer(w, 200, "تایید شد", append([]map[string]any{}, some...))
}

func (k *Kavenegar) outbox(w http.ResponseWriter, r *http.Request) {
	from, to := moments(r)
	if to-from > 24*3600 || from < time.Now().Add(-4*24*time.Hour).Unix() {
		kavenegarAnswer(w, 417, "تاریخ ارسال اشتباه است", nil)
		return
	}
	all := []map[string]any{}
	sent := k.Sent()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range sent {
		if m.At.Unix() >= from && m.At.Unix() <= to && len(all) < 500 {
			id, _ := strconv.Atoi(m.ID)
			all = append(all, map[string]any{"messageid": id, "message": m.Text, "status": max(k.states[m.ID], 4), "sender": m.From, "receptor": m.To, "date": m.At.Unix()})
		}
	}
	kavenegarAnswer(w, 200, "تایید شد", all)
}

func moments(r *http.Request) (from, to int64) {
	from, _ = strconv.ParseInt(r.FormValue("startdate"), 10, 64)
	to, _ = strconv.ParseInt(r.FormValue("enddate"), 10, 64)
	return from, to
}

// kavenegarAnswer answers as Kavenegar does: its status is the HTTP answer's too.
func kavenegarAnswer(w http.ResponseWriter, status int, message string, entries any) {
	respond(w, status, map[string]any{"return": map[string]any{"status": status, "message": message}, "entries": entries})
}
