package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"mime"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

var updateExamples = flag.Bool("update", false, "write the examples of openapi.yaml anew")

const apiFile = "../../agentui/openapi.yaml"

// The examples of openapi.yaml are a story that is told to a hub: what was asked and answered, in this order. TestExamples (story_test.go)
// tells it again: an example that is not what the hub takes and gives, or that its schema does not allow, fails. Where two times
// cannot be the same the examples have stand-ins: ids are others, always the same ones, times are not compared, of a list stand the first two.
type teller struct {
	*client
	doc   *openapi3.T
	words *strings.Replacer // what only this run has, and what stands for it
	ids   map[string]string
	told  []example // in order
	have  map[string]bool
	most  int // how many of a list are shown
	calls int
	last  int64 // millisecond of the last answer
}

type example struct {
	name, call string
	value      any // ordered
}

func newTeller(t *testing.T, url string, words ...string) *teller {
	doc, err := openapi3.NewLoader().LoadFromFile(apiFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil { // the examples against their schemas, too
		t.Fatal(err)
	}
	return &teller{client: newClient(t, url), doc: doc, words: strings.NewReplacer(words...), ids: map[string]string{}, have: map[string]bool{}, most: 2}
}

// answer is what came back.
type answer struct {
	t             *testing.T
	status, media string
	body          []byte
}

// at is the text at a place like "items.0.id".
func (a answer) at(place string) string {
	a.t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		a.t.Fatalf("%v in %s", err, a.body)
	}
	for step := range strings.SplitSeq(place, ".") {
		if list, ok := v.([]any); ok {
			n, err := strconv.Atoi(step)
			if err != nil || n >= len(list) {
				a.t.Fatalf("no %s in %s", place, a.body)
			}
			v = list[n]
			continue
		}
		m, _ := v.(map[string]any)
		if v = m[step]; v == nil {
			a.t.Fatalf("no %s in %s", place, a.body)
		}
	}
	return fmt.Sprint(v)
}

// ask makes a call that is no example.
func (s *teller) ask(call, body string) answer {
	s.t.Helper()
	s.calls++
	return s.send(call, body, "application/json", fmt.Sprint("ask ", s.calls))
}

// send makes a call once no other was begun in this millisecond: what lists are ordered by differs. A hub that was not able to record it is asked again.
func (s *teller) send(call, body, kind, key string) answer {
	s.t.Helper()
	for s.last == time.Now().UnixMilli() {
		runtime.Gosched()
	}
	method, path, _ := strings.Cut(call, " ")
	for deadline := time.Now().Add(patience); ; {
		req, err := http.NewRequest(method, s.url+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			s.t.Fatal(err)
		}
		if body != "" {
			req.Header.Set("Content-Type", kind)
		}
		req.Header.Set("X-Tamas-CSRF", "1")
		req.Header.Set("Idempotency-Key", key)
		res, err := s.Do(req)
		if err != nil {
			s.t.Fatal(err)
		}
		got, err := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode == http.StatusServiceUnavailable && time.Now().Before(deadline) {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if err != nil || res.StatusCode > 299 {
			s.t.Fatalf("%s %s: %d %s %v", call, body, res.StatusCode, got, err)
		}
		media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
		if media != "application/json" && len(got) > 0 {
			got, _ = json.Marshal(string(got))
		}
		s.last = time.Now().UnixMilli()
		return answer{s.t, strconv.Itoa(res.StatusCode), media, got}
	}
}

// tell makes a call that is an example, of its request and of its answer.
func (s *teller) tell(call, body string) answer {
	s.t.Helper()
	return s.tellAs(call, body, "application/json")
}

func (s *teller) tellAs(call, body, kind string) answer {
	s.t.Helper()
	op := s.operation(call)
	if op == nil {
		s.t.Fatalf("%s is not described", call)
	}
	if ref := op.RequestBody; body != "" && ref != nil {
		value := json.RawMessage(body)
		if kind != "application/json" {
			value, _ = json.Marshal(body)
		}
		name := op.OperationID + ".request"
		if ref.Ref != "" {
			name = ref.Ref[strings.LastIndexByte(ref.Ref, '/')+1:] + ".request"
		}
		s.most = math.MaxInt
		s.keep(name, "", ref.Value.Content, kind, value)
		s.most = 2
	}
	a := s.send(call, body, kind, op.OperationID) // each is told once
	if ref := op.Responses.Map()[a.status]; len(a.body) > 0 {
		if ref == nil {
			s.t.Fatalf("%s answers %s, which is not described", call, a.status)
		}
		name := op.OperationID
		if ref.Ref != "" {
			name = ref.Ref[strings.LastIndexByte(ref.Ref, '/')+1:]
		}
		s.keep(name, s.stand(call), ref.Value.Content, a.media, a.body)
	}
	return a
}

// operation finds what a call is described as.
func (s *teller) operation(call string) *openapi3.Operation {
	method, path, _ := strings.Cut(call, " ")
	path, _, _ = strings.Cut(path, "?")
	got := strings.Split(path, "/")
	found, foundIn := (*openapi3.Operation)(nil), ""
	for p, it := range s.doc.Paths.Map() {
		want := strings.Split(p, "/")
		fits := len(want) == len(got) && it.GetOperation(method) != nil
		for i := 0; fits && i < len(want); i++ {
			fits = want[i] == got[i] || strings.HasPrefix(want[i], "{")
		}
		if fits && (found == nil || strings.Count(p, "{") < strings.Count(foundIn, "{")) {
			found, foundIn = it.GetOperation(method), p
		}
	}
	return found
}

// keep compares what was sent or answered with the example of that name. Shared ones are of whoever is first.
func (s *teller) keep(name, call string, content openapi3.Content, media string, raw json.RawMessage) {
	s.t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	value := s.read(d)
	ref := content[media]
	if ref == nil {
		s.t.Fatalf("%s: %s is not described", name, media)
	}
	var plain any
	if err := json.Unmarshal([]byte(jsonOf(value)), &plain); err != nil {
		s.t.Fatal(err)
	}
	if err := ref.Schema.Value.VisitJSON(plain); err != nil {
		s.t.Errorf("%s is not as described: %v", name, err)
	}
	if s.have[name] {
		return
	}
	s.have[name] = true
	s.told = append(s.told, example{name, call, value})
	if *updateExamples {
		return
	}
	e := ref.Examples["example"]
	if e == nil || e.Ref != "#/components/examples/"+name {
		s.t.Errorf(`%s: the document should say: examples: {example: {$ref: "#/components/examples/%s"}}`, name, name)
		return
	}
	if e.Value.Summary != call {
		s.t.Errorf("%s is the answer to %q, the document says %q", name, call, e.Value.Summary)
	}
	if !slices.Contains(moving, name) {
		same(s.t, name, e.Value.Value, plain)
	}
}

// moving are answers that are others a moment later: that they are as described has to do.
var moving = []string{"postAccount", "patchAccount", "getAccount", "listAccounts", "postCheckImport", "postRunImport", "postUndoImport",
	"getWhy", "getSupervisor", "listHealth", "listAlerts", "getAccess", "listAudit", "getErasure", "listErasures", "getStaffing", "getReport", "listReportTouches"}

// An ordered value is a pairs (of an object), a []any, or a scalar of JSON.
type pairs []pair
type pair struct {
	key   string
	value any
}

// read reads JSON in its order, with stand-ins.
func (s *teller) read(d *json.Decoder) any {
	tok, err := d.Token()
	if err != nil {
		s.t.Fatal(err)
	}
	switch x := tok.(type) {
	case json.Delim:
		if x == '[' {
			list := []any{}
			for d.More() {
				if len(list) >= s.most && isObject(list[0]) {
					var rest json.RawMessage
					if err := d.Decode(&rest); err != nil {
						s.t.Fatal(err)
					}
					continue
				}
				list = append(list, s.read(d))
			}
			_, _ = d.Token()
			return list
		}
		m := pairs{}
		for d.More() {
			key, _ := d.Token()
			m = append(m, pair{s.stand(key.(string)), s.read(d)})
		}
		_, _ = d.Token()
		return m
	case string:
		return s.stand(x)
	default:
		return tok
	}
}

var idLike = regexp.MustCompile(`\btms_[A-Za-z0-9_-]+|\b[a-z0-9]{16,64}\b`)

func isObject(v any) bool { _, ok := v.(pairs); return ok }

// stand puts what stands in for ids and for what only this run has.
func (s *teller) stand(text string) string {
	return idLike.ReplaceAllStringFunc(s.words.Replace(text), func(id string) string {
		if strings.Trim(id, "0123456789") == "" {
			return id
		}
		if s.ids[id] == "" {
			head, hash := "", sha256.Sum256(fmt.Append(nil, "example ", len(s.ids)))
			if strings.HasPrefix(id, "tms_") {
				head = "tms_"
			} else if len(id) == 17 || len(id) == 18 {
				head = id[:len(id)-16] // of what it is
			}
			s.ids[id] = head + hex.EncodeToString(hash[:])[:min(64, len(id)-len(head))]
		}
		return s.ids[id]
	})
}

// timeLike are days, moments, and ids of events.
var timeLike = regexp.MustCompile(`\b\d{4}-\d\d(-\d\d)?(T[\d:.]+(Z|[+-]\d\d:\d\d))?|\b\d+-\d{12,}\b|\b\d{13,}\b`)

// same compares an example with what is; times are as good as any other.
func same(t *testing.T, where string, want, got any) {
	t.Helper()
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || !slices.Equal(slices.Sorted(maps.Keys(w)), slices.Sorted(maps.Keys(g))) {
			t.Errorf("%s: the example has %v, the hub says %v", where, want, got)
			return
		}
		for k := range w {
			same(t, where+"."+k, w[k], g[k])
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(w) != len(g) {
			t.Errorf("%s: the example has %v, the hub says %v", where, want, got)
			return
		}
		if len(w) > 0 {
			if _, ok := w[0].(string); ok { // ids, in their order
				byText := func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }
				w, g = slices.SortedFunc(slices.Values(w), byText), slices.SortedFunc(slices.Values(g), byText)
			}
		}
		for i := range w {
			same(t, fmt.Sprintf("%s.%d", where, i), w[i], g[i])
		}
	case float64:
		g, ok := got.(float64)
		if !ok || w != g && (w < 1e12 || g < 1e12) && !volatile[where[strings.LastIndexByte(where, '.')+1:]] {
			t.Errorf("%s: the example has %v, the hub says %v", where, want, got)
		}
	case string:
		g, ok := got.(string)
		if !ok || timeLike.ReplaceAllString(w, "") != timeLike.ReplaceAllString(g, "") {
			t.Errorf("%s: the example has %q, the hub says %q", where, want, got)
		}
	default:
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s: the example has %v, the hub says %v", where, want, got)
		}
	}
}

// volatile are numbers that time makes.
var volatile = map[string]bool{"left": true, "waited": true, "took": true}

func jsonOf(v any) string {
	switch x := v.(type) {
	case pairs:
		parts := make([]string, len(x))
		for i, p := range x {
			parts[i] = jsonOf(p.key) + ":" + jsonOf(p.value)
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = jsonOf(e)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case json.Number:
		return x.String()
	default:
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(x)
		return strings.TrimSpace(b.String())
	}
}

var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// yamlOf writes a value as the document is written: in braces, a line for what fits into one.
func yamlOf(v any, indent int) string {
	one := flow(v)
	if indent+len([]rune(one)) <= 150 {
		return one
	}
	pad := "\n" + strings.Repeat(" ", indent+2)
	var parts []string
	open, end := "{", "}"
	switch x := v.(type) {
	case pairs:
		for _, p := range x {
			parts = append(parts, yamlKey(p.key)+": "+yamlOf(p.value, indent+2))
		}
	case []any:
		open, end = "[", "]"
		for _, e := range x {
			parts = append(parts, yamlOf(e, indent+2))
		}
	default:
		return one
	}
	// As many as fit stand on a line.
	out, line := open, 0
	for i, p := range parts {
		sep := ","
		if i == len(parts)-1 {
			sep = ""
		}
		n := len([]rune(p)) + 2
		if line == 0 || line+n > 150-indent || strings.Contains(p, "\n") || i > 0 && strings.Contains(parts[i-1], "\n") {
			out, line = out+pad, 0
		} else {
			out += " "
		}
		out, line = out+p+sep, line+n
	}
	return out + "\n" + strings.Repeat(" ", indent) + end
}

func flow(v any) string {
	switch x := v.(type) {
	case pairs:
		parts := make([]string, len(x))
		for i, p := range x {
			parts[i] = yamlKey(p.key) + ": " + flow(p.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = flow(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case json.Number:
		return x.String()
	default:
		return jsonOf(v)
	}
}

func yamlKey(k string) string {
	if plainKey.MatchString(k) && !slices.Contains([]string{"on", "off", "yes", "no", "y", "n", "true", "false", "null"}, strings.ToLower(k)) {
		return k
	}
	return jsonOf(k)
}

// write puts the examples that were told into the document.
func (s *teller) write() {
	s.t.Helper()
	file, err := os.ReadFile(apiFile)
	if err != nil {
		s.t.Fatal(err)
	}
	const from, to = "\n  examples:", "\n  schemas:\n"
	before, rest, ok := strings.Cut(string(file), from)
	_, after, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		s.t.Fatal("openapi.yaml has no examples: before its schemas:")
	}
	var b strings.Builder
	b.WriteString(before + from + " # one story, told to a hub and written down by `go test ./cmd/tamas -run TestExamples -update`; of a list stand the first two\n")
	for _, e := range s.told {
		fmt.Fprintf(&b, "    %s:\n", e.name)
		if e.call != "" {
			fmt.Fprintf(&b, "      summary: %s\n", jsonOf(e.call))
		}
		fmt.Fprintf(&b, "      value: %s\n", yamlOf(e.value, 8))
	}
	b.WriteString(strings.TrimPrefix(to, "\n") + after)
	if err := os.WriteFile(apiFile, []byte(b.String()), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// setting shows a setting and puts it again, as it is.
func (s *teller) setting(path string) {
	s.t.Helper()
	got := s.tell("GET "+path, "")
	var view struct {
		Value   json.RawMessage
		Version int64
	}
	if err := json.Unmarshal(got.body, &view); err != nil {
		s.t.Fatal(err)
	}
	s.tell("PUT "+path, fmt.Sprintf(`{"value": %s, "version": %d}`, view.Value, view.Version))
}

// end sees to it that nothing is without an example.
func (s *teller) end() {
	s.t.Helper()
	if *updateExamples {
		s.write()
	}
	var without []string
	for path, it := range s.doc.Paths.Map() {
		for method, op := range it.Operations() {
			if slices.Contains(unshown, op.OperationID) {
				continue
			}
			var names []string
			if r := op.RequestBody; r != nil && r.Ref == "" {
				names = append(names, op.OperationID+".request")
			}
			for status, r := range op.Responses.Map() {
				if r.Ref == "" && strings.HasPrefix(status, "20") && len(r.Value.Content) > 0 {
					names = append(names, op.OperationID)
				}
			}
			for _, n := range names {
				if !s.have[n] {
					without = append(without, method+" "+path+": "+n)
				}
			}
		}
	}
	slices.Sort(without)
	for _, w := range without {
		s.t.Errorf("no example: %s", w)
	}
}
