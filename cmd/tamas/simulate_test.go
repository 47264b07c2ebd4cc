package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"strings"
	"testing"
)

func TestSimulateCommand(t *testing.T) {
	var out bytes.Buffer
	args := []string{"--rate", "100", "--agents", "13, 14", "--hours", "200", "--json"}
	if err := simulate(t.Context(), args, nil, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var rows []beside
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Agents != 13 || math.Abs(rows[0].Formula.Level-0.7956) > 0.0001 || math.Abs(*rows[0].Simulated.Level-0.7956) > 0.05 {
		t.Errorf("%s", out.String())
	}
	out.Reset()
	if err := simulate(t.Context(), []string{"--rate", "100", "--agents", "9,11", "--hours", "20"}, nil, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 5 || !strings.Contains(lines[3], " - ") || !strings.Contains(lines[4], "Erlang") && !strings.Contains(lines[2], "Erlang C") {
		t.Errorf("an overloaded queue has no formula:\n%s", out.String())
	}
	for _, bad := range [][]string{{"--agents", "x"}, {"--agents", "0"}, {"--aht", "0s"}, {"--rate", "1e12"}, {"extra"}, {"--since", "tomorrow"}} {
		if err := simulate(t.Context(), bad, nil, io.Discard, io.Discard); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}
