package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// floors are the packages from the top down: each may import what stands below it, never beside or above.
var floors = [][]string{
	{"tamas/cmd/tamas", "tamas/cmd/chaos"},
	{"tamas/agentui"},
	{"tamas/router/sim"},
	{"tamas/router"},
	{"tamas/inbox"},
	{"tamas/inbox/sheet", "tamas/inbox/redact"},
	{"tamas/inbox/calendar"},
	{"tamas/inbox/record"},
	{"tamas/channels/telegram", "tamas/channels/email", "tamas/channels/sms", "tamas/channels/webchat", "tamas/channels/api"},
	{"tamas/channels/provider", "tamas/channels/signed"},
	{"tamas/channels"},
	{"tamas/persian"},
}

// TestImportsGoDown keeps the layout: imports go down only, and an adapter imports no other adapter.
func TestImportsGoDown(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "tamas/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	floorOf := func(path string) int {
		return slices.IndexFunc(floors, func(f []string) bool { return slices.Contains(f, path) })
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for dec.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		// Test equipment stands outside the house and is imported by tests, by cmd and by itself only.
		equipment := strings.HasSuffix(p.ImportPath, "test") || strings.HasPrefix(p.ImportPath, "tamas/internal/")
		from := floorOf(p.ImportPath)
		if from < 0 && !equipment {
			t.Errorf("%s stands on no floor: add it to the list", p.ImportPath)
			continue
		}
		if equipment {
			continue
		}
		seen++
		for _, im := range p.Imports {
			to := floorOf(im)
			switch {
			case !strings.HasPrefix(im, "tamas/"):
			case to < 0 && from > 0:
				t.Errorf("%s imports test equipment, %s", p.ImportPath, im)
			case to >= 0 && to <= from:
				t.Errorf("%s imports %s, which is not below it", p.ImportPath, im)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d packages were looked at", seen)
	}
}
