package webchat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestScriptSizes(t *testing.T) {
	for name, most := range map[string]int{"widget.js": 12 << 10, "beacon.js": 2 << 10} {
		small, _ := scripts[name].zipped()
		t.Logf("%s: %d bytes, gzip %d", name, len(scripts[name].text), len(small))
		if len(small) > most {
			t.Errorf("%s has %d bytes gzip; at most %d", name, len(small), most)
		}
	}
}

func TestBeaconIsFresh(t *testing.T) {
	sum := sha256.New()
	for _, name := range []string{"beacon/main.ts", "src/config.ts", "src/store.ts"} {
		b, err := os.ReadFile(filepath.Join("widget", name))
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(append([]byte(strings.TrimPrefix(name, "src/")+"\x00"), b...))
	}
	if !bytes.Contains(bytes.SplitN(beaconBundle, []byte("\n"), 2)[0], []byte(" "+hex.EncodeToString(sum.Sum(nil))[:16]+" ")) {
		t.Error("dist/beacon.js is stale: run npm run build in channels/webchat/widget")
	}
}

// The bundle's first line names the digest of the sources it was built from; see widget/build.mjs.
func TestWidgetIsFresh(t *testing.T) {
	files, err := os.ReadDir("widget/src")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	for _, f := range files {
		if strings.Contains(f.Name(), ".test.") {
			continue
		}
		b, err := os.ReadFile(filepath.Join("widget/src", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(append([]byte(f.Name()+"\x00"), b...))
	}
	if !bytes.Contains(bytes.SplitN(bundle, []byte("\n"), 2)[0], []byte(" "+hex.EncodeToString(sum.Sum(nil))[:16]+" ")) {
		t.Error("dist/widget.js is stale: run npm run build in channels/webchat/widget")
	}
}

func TestLockNamesNoHost(t *testing.T) {
	b, err := os.ReadFile("widget/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(b, []byte(`"resolved"`)) {
		t.Error("package-lock.json names where packages come from; npm config omit-lockfile-registry-resolved")
	}
}

func TestDemoPage(t *testing.T) {
	for _, c := range []struct{ query, locale, want string }{
		{"", "fa", `dir="rtl"`}, {"", "en", `dir="ltr"`}, {"?lang=en", "fa", `data-lang="en"`}, {"?lang=x", "fa", `lang="en"`},
	} {
		w := httptest.NewRecorder()
		DemoPage("/hooks/acc1/widget.js", c.locale).ServeHTTP(w, httptest.NewRequest("GET", "/demo"+c.query, nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%q in %s: %d, no %s", c.query, c.locale, w.Code, c.want)
		}
		if p := w.Header().Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || strings.Contains(p, "unsafe") {
			t.Errorf("policy %q", p)
		}
	}
	if got := hubSources("https://hub.example/hooks/a/widget.js", "x"); got != "https://hub.example wss://hub.example" {
		t.Error(got)
	}
	if got := hubSources("/w.js", "a; script-src *"); got != "'self'" {
		t.Error(got)
	}
}
