package smstest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

// What the double of Twilio knows of its one account.
const (
	AccountSID = "AC00000000000000000000000000000001"
	AuthToken  = "a5d4c3b2a1f0e9d8c7b6a5d4c3b2a1f0"
	Number     = "+15005550006"
)

// Twilio is the double. All methods are safe for concurrent use.
type Twilio struct {
	provider
	inbound  []Message // what customers wrote, oldest first
	media    map[string][]Media
	failures []int // of the next fetches of content
	unlisted []int // of the next lists of files
	contents int   // fetched
	pages    int   // of the list
	states   map[string]twilioState
}

// twilioState is what became of a sent message; "sent" at first.
type twilioState struct {
	status string
	code   int
}

// Media is a file of a message.
type Media struct {
	SID, Type string
	Content   []byte
}

// What the double of Twilio also takes instead of the Auth Token.
const (
	APIKey       = "SK00000000000000000000000000000009"
	APIKeySecret = "c5d4c3b2a1f0e9d8c7b6a5d4c3b2a1f0"
)

// StartTwilio listens on addr ("127.0.0.1:0" for any port) and serves until Close.
func StartTwilio(addr string) (*Twilio, error) {
	t := &Twilio{media: map[string][]Media{}, states: map[string]twilioState{}}
	t.giveUp = 6
	return t, t.start(addr, http.HandlerFunc(t.serve))
}

// GiveUpAfter sets how often a delivery is tried; 0: for ever. 6 unless set.
func (t *Twilio) GiveUpAfter(tries int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.giveUp = tries
}

// Say makes a customer write to Number. It returns the message's sid.
func (t *Twilio) Say(from, text string, files ...Media) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	sid := t.received(from, text, time.Now(), files)
	form := url.Values{
		"MessageSid": {sid}, "SmsSid": {sid}, "SmsMessageSid": {sid}, "AccountSid": {AccountSID}, "ApiVersion": {"2010-04-01"},
		"From": {from}, "To": {Number}, "Body": {text}, "NumMedia": {strconv.Itoa(len(files))}, "NumSegments": {"1"}, "SmsStatus": {"received"},
	}
	for i, m := range t.media[sid] {
		form.Set("MediaContentType"+strconv.Itoa(i), m.Type)
		form.Set("MediaUrl"+strconv.Itoa(i), "http://"+t.addr+"/2010-04-01/Accounts/"+AccountSID+"/Messages/"+sid+"/Media/"+m.SID)
	}
	t.form(from, form)
	return sid
}

// Old puts a message into the list that was received at a moment; it is not delivered.
func (t *Twilio) Old(from, text string, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.received(from, text, at, nil)
}

func (t *Twilio) received(from, text string, at time.Time, files []Media) string {
	t.n++
	sid := fmt.Sprintf("SM%032x", t.n)
	if len(files) > 0 {
		sid = fmt.Sprintf("MM%032x", t.n)
	}
	t.inbound = append(t.inbound, Message{ID: sid, From: from, To: Number, Text: text, At: at})
	for i, m := range files {
		m.SID = fmt.Sprintf("ME%030x%02x", t.n, i)
		t.media[sid] = append(t.media[sid], m)
	}
	return sid
}

// Pages counts the pages of the list that were asked for.
func (t *Twilio) Pages() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.pages
}

// FailMediaList meets the next lists of a message's files with these HTTP statuses, one each.
func (t *Twilio) FailMediaList(statuses ...int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unlisted = append(t.unlisted, statuses...)
}

// FailMedia meets the next fetches of content with these HTTP statuses, one each.
func (t *Twilio) FailMedia(statuses ...int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures = append(t.failures, statuses...)
}

// Post delivers any form in the order of from's messages, rightly signed.
func (t *Twilio) Post(from string, form url.Values) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.form(from, form)
}

// SendStatus says what became of a sent message, "delivered", "undelivered", "failed" …: in the list, and by the status callback
// that came with it.
func (t *Twilio) SendStatus(sid, status string, code int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.states[sid] = twilioState{status, code}
	for _, m := range t.sent {
		if m.ID == sid && m.StatusCallback != "" {
			form := url.Values{"MessageSid": {sid}, "SmsSid": {sid}, "AccountSid": {AccountSID}, "From": {m.From}, "To": {m.To},
				"MessageStatus": {status}, "SmsStatus": {status}}
			if code != 0 {
				form.Set("ErrorCode", strconv.Itoa(code))
			}
			callback := m.StatusCallback
			t.enqueue(&delivery{thread: "status " + sid, request: func(string) (*http.Request, error) { return signed(callback, form) }})
		}
	}
}

// form queues a delivery. t.mu is held.
func (t *Twilio) form(thread string, form url.Values) {
	t.enqueue(&delivery{thread: thread, request: func(u string) (*http.Request, error) { return signed(u, form) }})
}

func signed(u string, form url.Values) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodPost, u, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Twilio-Signature", Sign(u, form))
	return req, nil
}

// Sign makes Twilio's signature of a form that is posted to url.
func Sign(url string, form url.Values) string {
	keys := make([]string, 0, len(form))
	for k := range form {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	mac := hmac.New(sha1.New, []byte(AuthToken))
	mac.Write([]byte(url))
	for _, k := range keys {
		mac.Write([]byte(k + form.Get(k)))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (t *Twilio) serve(w http.ResponseWriter, r *http.Request) {
	if !t.enter() {
		return
	}
	defer t.wg.Done()
	if strings.HasPrefix(r.URL.Path, contentPath) {
		t.content(w, r)
		return
	}
	user, pass, _ := r.BasicAuth()
	if !(user == AccountSID && pass == AuthToken) && !(user == APIKey && pass == APIKeySecret && r.URL.Path != "/2010-04-01/Accounts/"+AccountSID+".json") {
		twilioError(w, Fault{Status: 401, Code: 20003, Text: "Authenticate"})
		return
	}
	base := "/2010-04-01/Accounts/" + AccountSID
	switch {
	case r.URL.Path == base+".json" && r.Method == http.MethodGet:
		respond(w, http.StatusOK, map[string]any{"sid": AccountSID, "friendly_name": "Test", "status": "active", "type": "Full"})
	case r.URL.Path == base+"/Messages.json" && r.Method == http.MethodPost:
		t.send(w, r)
	case r.URL.Path == base+"/Messages.json" && r.Method == http.MethodGet:
		t.list(w, r)
	case strings.HasPrefix(r.URL.Path, base+"/Messages/") && strings.Contains(r.URL.Path, "/Media"):
		t.files(w, r, strings.TrimPrefix(r.URL.Path, base+"/Messages/"))
	default:
		twilioError(w, Fault{Status: 404, Code: 20404, Text: "The requested resource " + r.URL.Path + " was not found"})
	}
}

func (t *Twilio) send(w http.ResponseWriter, r *http.Request) {
	to, body, from := r.FormValue("To"), r.FormValue("Body"), r.FormValue("From")
	t.mu.Lock()
	t.n++
	m := Message{ID: fmt.Sprintf("SM%032x", t.n), From: from, To: to, Text: body, StatusCallback: r.FormValue("StatusCallback"), At: time.Now()}
	t.mu.Unlock()
	switch {
	case to == "":
		twilioError(w, Fault{Status: 400, Code: 21604, Text: "A 'To' phone number is required."})
		return
	case from == "" && r.FormValue("MessagingServiceSid") == "":
		twilioError(w, Fault{Status: 400, Code: 21603, Text: "A 'From' phone number is required."})
		return
	case body == "":
		twilioError(w, Fault{Status: 400, Code: 21602, Text: "Message body is required."})
		return
	case len([]rune(body)) > 1600:
		twilioError(w, Fault{Status: 400, Code: 21617, Text: "The concatenated message body exceeds the 1600 character limit."})
		return
	}
	if f := t.accept(m); f != nil {
		twilioError(w, *f)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	respond(w, http.StatusCreated, t.resource(m, "outbound-api", "queued"))
}

func (t *Twilio) resource(m Message, direction, status string) map[string]any {
	at := m.At.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700")
	return map[string]any{
		"sid": m.ID, "account_sid": AccountSID, "from": m.From, "to": m.To, "body": m.Text, "direction": direction, "status": status,
		"date_created": at, "date_sent": at, "date_updated": at, "num_media": strconv.Itoa(len(t.media[m.ID])), "num_segments": "1", "error_code": nil, "error_message": nil,
		"messaging_service_sid": nil, "uri": "/2010-04-01/Accounts/" + AccountSID + "/Messages/" + m.ID + ".json",
	}
}

// contentPath is where content is that was led to; it needs no credentials, and refuses to see them.
const contentPath = "/mms.twiliocdn.com/"

// files answers Messages/{sid}/Media.json with the list, Messages/{sid}/Media/{sid} with the way to the content.
func (t *Twilio) files(w http.ResponseWriter, r *http.Request, path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if sid, ok := strings.CutSuffix(path, "/Media.json"); ok {
		if len(t.unlisted) > 0 {
			status := t.unlisted[0]
			t.unlisted = t.unlisted[1:]
			twilioError(w, Fault{Status: status, Code: 20404, Text: "The requested resource was not found"})
			return
		}
		list := []map[string]any{}
		for _, m := range t.media[sid] {
			list = append(list, map[string]any{"sid": m.SID, "account_sid": AccountSID, "parent_sid": sid, "content_type": m.Type,
				"uri": "/2010-04-01/Accounts/" + AccountSID + "/Messages/" + sid + "/Media/" + m.SID + ".json"})
		}
		respond(w, http.StatusOK, map[string]any{"media_list": list, "page": 0, "page_size": 50, "next_page_uri": nil})
		return
	}
	if len(t.failures) > 0 {
		status := t.failures[0]
		t.failures = t.failures[1:]
		twilioError(w, Fault{Status: status, Code: 20404, Text: "The requested resource was not found"})
		return
	}
	http.Redirect(w, r, contentPath+path, http.StatusTemporaryRedirect)
}

func (t *Twilio) content(w http.ResponseWriter, r *http.Request) {
	sid, me, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, contentPath), "/Media/")
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, _, has := r.BasicAuth(); has {
		w.WriteHeader(http.StatusBadRequest) // as a store of objects does
		return
	}
	for _, m := range t.media[sid] {
		if m.SID == me {
			t.contents++
			w.Header().Set("Content-Type", m.Type)
			_, _ = w.Write(m.Content)
			return
		}
	}
	http.NotFound(w, r)
}

// list answers with inbound and outbound messages, newest first, in pages.
func (t *Twilio) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	size, _ := strconv.Atoi(q.Get("PageSize"))
	if size <= 0 || size > 1000 {
		size = 50
	}
	size = min(size, 100) // so that tests see more than one page
	page, _ := strconv.Atoi(q.Get("Page"))
	wanted := func(m Message) bool {
		day := m.At.UTC().Format(time.DateOnly)
		return (q.Get("To") == "" || q.Get("To") == m.To) && (q.Get("From") == "" || q.Get("From") == m.From) &&
			(q.Get("DateSent") == "" || q.Get("DateSent") == day) && (q.Get("DateSent>") == "" || q.Get("DateSent>") <= day) && (q.Get("DateSent<") == "" || q.Get("DateSent<") >= day)
	}
	t.mu.Lock()
	t.pages++
	var all []map[string]any
	for i := len(t.inbound) - 1; i >= 0; i-- {
		if m := t.inbound[i]; wanted(m) {
			all = append(all, t.resource(m, "inbound", "received"))
		}
	}
	for i := len(t.sent) - 1; i >= 0; i-- {
		if m := t.sent[i]; wanted(m) {
			r, state := t.resource(m, "outbound-api", "sent"), t.states[m.ID]
			if state.status != "" {
				r["status"] = state.status
			}
			if state.code != 0 {
				r["error_code"] = state.code
			}
			all = append(all, r)
		}
	}
	t.mu.Unlock()
	from := min(page*size, len(all))
	to := min(from+size, len(all))
	var next any
	if to < len(all) {
		q.Set("Page", strconv.Itoa(page+1))
		next = r.URL.Path + "?" + q.Encode()
	}
	respond(w, http.StatusOK, map[string]any{"messages": append([]map[string]any{}, all[from:to]...), "next_page_uri": next, "page": page, "page_size": size})
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func twilioError(w http.ResponseWriter, f Fault) {
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	if f.Body != "" {
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(f.Body))
		return
	}
	respond(w, f.Status, map[string]any{
		"code": f.Code, "message": f.Text, "more_info": fmt.Sprintf("https://www.twilio.com/docs/errors/%d", f.Code), "status": f.Status,
	})
}
