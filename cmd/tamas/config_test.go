package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		args    []string
		env     []string
		want    string // of the error; "": none
		correct func(*config) bool
	}{
		{"defaults", nil, []string{"PATH=/bin", "TAMASX=1"}, "", func(c *config) bool { return c.Addr == ":8080" && c.Data == "./data" }},
		{"the flag wins", []string{"--addr", ":1"}, []string{"TAMAS_ADDR=:2"}, "", func(c *config) bool { return c.Addr == ":1" }},
		{"a variable", nil, []string{"TAMAS_ADDR=:2"}, "", func(c *config) bool { return c.Addr == ":2" }},
		{"a file", nil, []string{"TAMAS_ADMIN_EMAIL=a@b.c", "TAMAS_ADMIN_PASSWORD_FILE=" + file}, "",
			func(c *config) bool { return c.AdminPassword == "from a file" }},
		{"a missing file", nil, []string{"TAMAS_KEY_FILE=/nowhere/key"}, "TAMAS_KEY_FILE", nil},
		{"an unknown variable", nil, []string{"TAMAS_ADRR=:2"}, "there is no setting TAMAS_ADRR", nil},
		{"an unknown flag", []string{"--adrr", "x"}, nil, "adrr", nil},
		{"twice", nil, []string{"TAMAS_ADMIN_NAME=a", "TAMAS_ADMIN_NAME_FILE=" + file}, "keep one", nil},
		{"a size", []string{"--max-file", "100"}, nil, "", func(c *config) bool { return c.MaxFile == 100 }},
		{"no size", []string{"--max-file", "0"}, nil, "--max-file", nil},
		{"no port", []string{"--addr", "x"}, nil, "host:port", nil},
		{"a public URL with a path", []string{"--public-url", "https://a/b"}, nil, "--public-url", nil},
		{"a short key", []string{"--key", "abcd"}, nil, "32 bytes", nil},
		{"a key in hex", []string{"--key", strings.Repeat("ab", 32)}, nil, "", func(c *config) bool { return len(c.key) == 32 }},
		{"half an admin", []string{"--admin-email", "a@b.c"}, nil, "both", nil},
		{"proxies", []string{"--trust-proxy", "10.0.0.0/8, 127.0.0.1"}, nil, "", func(c *config) bool { return len(c.proxies) == 2 }},
		{"a bad proxy", []string{"--trust-proxy", "ten"}, nil, "--trust-proxy", nil},
		{"a bad level", []string{"--log-level", "loud"}, nil, "--log-level", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, _, err := parse("tamas", tt.args, tt.env, io.Discard, nil)
			switch {
			case tt.want == "" && err != nil:
				t.Fatal(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Fatalf("error %v does not say %q", err, tt.want)
			case tt.want == "" && !tt.correct(c):
				t.Fatalf("read as %+v", c)
			}
			if err != nil && strings.Contains(err.Error(), "abcd") {
				t.Fatal("the error shows the key")
			}
		})
	}
}
