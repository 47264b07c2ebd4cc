package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tamas/internal/testenv"
)

// TestBench runs every measure, very small, on the embedded stores and on real ones: that it works from end to end and
// finds something. What it finds depends on the machine and is not judged.
func TestBench(t *testing.T) {
	if testenv.Raced {
		t.Skip("takes minutes with the race detector; .ci/run has it without")
	}
	t.Run("embedded", func(t *testing.T) {
		tryBench(t, []string{"ack.sms", "ack.chat", "ack.chat_http", "agent.100", "acked.100", "one", "fanout", "engine", "route.eligible", "route.freed", "index", "search", "touches", "import", "app", "sms", "files.upload", "files.download", "files.memory", "memory", "start", "rebuild"})
	})
	t.Run("grown", func(t *testing.T) {
		tryBench(t, []string{"one", "index", "search", "touches", "import", "redis", "sms"}, "--only", "one,search,touches,import,redis,sms", "--redis", "redis://"+testenv.Redis(t), "--database", testenv.Postgres(t))
	})
}

// sharedBuffer takes what the bench and the hubs that it starts say at once.
type sharedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sharedBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sharedBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func tryBench(t *testing.T, want []string, args ...string) {
	dir := t.TempDir()
	args = append(args, "--data", dir, "--time", "200ms", "--callers", "8", "--conversations", "50", "--rates", "100", "--sockets", "40", "--agents", "20", "--rebuild", "300", "--engine-agents", "80", "--touches", "3000",
		"--json", filepath.Join(dir, "bench.json"), "--svg", filepath.Join(dir, "bench.svg"))
	o, err := parseBench(args, nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	var log sharedBuffer
	o.program, o.out, o.log = []string{os.Args[0], "-test.run=^TestBenchedHub$"}, &out, &log
	t.Setenv("BENCHED_HUB", "1")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := runBench(ctx, o); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	var r report
	b, err := os.ReadFile(o.json)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, f := range r.Figures {
		found[f.Name] = f.Value
		if !strings.Contains(out.String(), f.Label) {
			t.Errorf("%s is not printed", f.Label)
		}
	}
	for _, name := range want {
		if _, ok := found[name]; !ok {
			t.Errorf("%s was not measured", name)
		}
	}
	b, err = os.ReadFile(o.svg)
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(b)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture: %v", err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "tamas-bench-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestBenchedHub is the hub's process of TestBench.
func TestBenchedHub(t *testing.T) {
	if os.Getenv("BENCHED_HUB") == "" {
		t.Skip("runs below TestBench")
	}
	if err := bench(context.Background(), []string{"--as-hub"}, os.Environ(), os.Stdout, os.Stderr); err != nil {
		t.Fatal(err)
	}
}

func TestBenchRefuses(t *testing.T) {
	for _, args := range [][]string{{"--only", "everything"}, {"--rates", "0"}, {"--time", "1ms"}, {"--sockets", "-1"}, {"--database", "file.db"},
		{"--url", "https://hub.example"}, {"--url", "http://127.0.0.1:1", "--database", "postgres://x"}, {"more"}} {
		if err := bench(t.Context(), args, nil, io.Discard, io.Discard); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}

func TestSpread(t *testing.T) {
	var list []time.Duration
	for i := 1000; i > 0; i-- {
		list = append(list, time.Duration(i)*time.Millisecond)
	}
	if s := spreadOf(list); s.P50 != 500 || s.P95 != 950 || s.P99 != 990 || s.P999 != 999 || s.Max != 1000 || s.N != 1000 {
		t.Errorf("%+v", s)
	}
	if s := spreadOf(nil); s.N != 0 {
		t.Errorf("%+v", s)
	}
}
