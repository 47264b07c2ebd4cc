package agentui

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

var document = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

// parameter is one in a route's path.
var parameter = regexp.MustCompile(`:(\w+)`)

// TestOpenAPIRoutes: what is described is what there is.
func TestOpenAPIRoutes(t *testing.T) {
	doc, err := document()
	must(t, err)
	var described, registered []string
	for path, it := range doc.Paths.Map() {
		for method := range it.Operations() {
			described = append(described, method+" "+path)
		}
	}
	s := &Server{assets: &assets{}}
	for _, r := range s.routes().Routes() {
		path, ok := strings.CutPrefix(r.Path, "/api/v1")
		if !ok || strings.Contains(path, "*") || strings.HasPrefix(r.Method, "echo_") {
			continue
		}
		registered = append(registered, r.Method+" "+parameter.ReplaceAllString(path, "{$1}"))
	}
	sort.Strings(described)
	sort.Strings(registered)
	for _, x := range registered {
		if i := sort.SearchStrings(described, x); i == len(described) || described[i] != x {
			t.Errorf("%s is not described in openapi.yaml", x)
		}
	}
	for _, x := range described {
		if i := sort.SearchStrings(registered, x); i == len(registered) || registered[i] != x {
			t.Errorf("%s is described in openapi.yaml but not there", x)
		}
	}
}

func init() {
	for _, t := range []string{"text/html", "image/png", "image/jpeg", "application/jsonl"} {
		openapi3filter.RegisterBodyDecoder(t, openapi3filter.FileBodyDecoder)
	}
}

// checkedTransport checks every answer of the API, and every request that was taken, against openapi.yaml.
type checkedTransport struct{ t testing.TB }

func (c *checkedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	var sent []byte
	if req.Body != nil {
		var err error
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil || !strings.HasPrefix(req.URL.Path, "/api/v1/") {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(body))

	doc, err := document()
	if err != nil {
		return nil, err
	}
	route, params := findRoute(doc, req)
	if route == nil {
		if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusMethodNotAllowed {
			c.t.Errorf("%s %s is not described, but answers %d", req.Method, req.URL.Path, res.StatusCode)
		}
		return res, nil
	}
	asked := req.Clone(req.Context())
	asked.Body = io.NopCloser(bytes.NewReader(sent))
	in := &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, SkipSettingDefaults: true}}
	if res.StatusCode < 300 {
		if err := openapi3filter.ValidateRequest(req.Context(), in); err != nil {
			c.t.Errorf("%s %s was taken, but openapi.yaml says: %v", req.Method, req.URL, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: res.StatusCode, Header: res.Header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: in.Options}
	if err := openapi3filter.ValidateResponse(req.Context(), out); err != nil {
		c.t.Errorf("%s %s answers %d, but openapi.yaml says: %v\n%s", req.Method, req.URL, res.StatusCode, err, body)
	}
	return res, nil
}

// findRoute matches a request's path with the document's.
func findRoute(doc *openapi3.T, req *http.Request) (*routers.Route, map[string]string) {
	got := strings.Split(strings.TrimPrefix(req.URL.Path, "/api/v1/"), "/")
	var best *routers.Route
	var params map[string]string
	for path, it := range doc.Paths.Map() {
		want := strings.Split(strings.TrimPrefix(path, "/"), "/")
		op := it.GetOperation(req.Method)
		if len(want) != len(got) || op == nil {
			continue
		}
		found := map[string]string{}
		for i := range want {
			if strings.HasPrefix(want[i], "{") {
				found[strings.Trim(want[i], "{}")] = got[i]
			} else if want[i] != got[i] {
				found = nil
				break
			}
		}
		if found == nil || best != nil && len(found) > len(params) {
			continue
		}
		best = &routers.Route{Spec: doc, Path: path, PathItem: it, Method: req.Method, Operation: op}
		params = found
	}
	return best, params
}

// checkItems checks the items of a live frame: known kinds, and events and agents as openapi.yaml says.
func checkItems(t testing.TB, frame []byte) {
	t.Helper()
	doc, err := document()
	must(t, err)
	var list []map[string]any
	if err := json.Unmarshal(frame, &list); err != nil || len(list) == 0 {
		t.Errorf("a frame that is no list of items: %v in %.200s", err, frame)
		return
	}
	for _, it := range list {
		kind, _ := it["t"].(string)
		schema := doc.Components.Schemas["Live_"+kind]
		if schema == nil {
			t.Errorf("a live item of a kind that is not described: %v", it)
			continue
		}
		if err := schema.Value.VisitJSON(it); err != nil {
			t.Errorf("a live item is not as described: %v", err)
		}
	}
}
