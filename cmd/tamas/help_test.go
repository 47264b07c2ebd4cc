package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	var all bytes.Buffer
	if err := run(context.Background(), []string{"help"}, nil, &all, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		if !strings.Contains(all.String(), "\n  "+c.name+" ") {
			t.Errorf("tamas help does not name %s", c.name)
		}
		if c.name == "version" {
			continue // has no flags
		}
		for _, args := range [][]string{{c.name, "--help"}, {"help", c.name}} {
			var out bytes.Buffer
			err := run(context.Background(), args, nil, io.Discard, &out)
			if !errors.Is(err, flag.ErrHelp) || !strings.HasPrefix(out.String(), "tamas "+c.name+": "+c.about+"\n") || !strings.Contains(out.String(), "--data") {
				t.Errorf("tamas %v: %v, %s", args, err, out.String())
			}
		}
	}
	var out bytes.Buffer
	_ = run(context.Background(), []string{"backup", "--help"}, nil, io.Discard, &out)
	if got := out.String(); !strings.Contains(got, "  --with-key\n") || !strings.Contains(got, "(default .)") || strings.Contains(got, "seal account secrets") {
		t.Errorf("a command's own flags are told, and of the hub's the names: %s", got)
	}
}

// What the README and the files for containers say of settings and commands is what there is.
func TestConfigurationIsDescribed(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	readme := read("../../README.md")
	rows := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`--.*)$").FindAllStringSubmatch(readme, -1) {
		cells := strings.Split(row[1], " | ")
		for _, name := range regexp.MustCompile("`--([a-z-]+)`").FindAllStringSubmatch(cells[0], -1) {
			rows[name[1]] = cells[2]
		}
	}
	variables := []string{}
	(&config{}).flags("", io.Discard).VisitAll(func(f *flag.Flag) {
		variables = append(variables, variable(f.Name))
		row, ok := rows[f.Name]
		if !ok || f.DefValue != "" && !strings.Contains(row, "`"+f.DefValue+"`") {
			t.Errorf("the README's table says %q of --%s, whose default is %q", row, f.Name, f.DefValue)
		}
		delete(rows, f.Name)
	})
	for name := range rows {
		t.Errorf("the README tells of --%s, which is not there", name)
	}
	for _, c := range commands {
		if !strings.Contains(readme, "`"+c.name) {
			t.Errorf("the README does not name the command %s", c.name)
		}
	}
	for _, file := range []string{"../../docker-compose.yml", "Dockerfile"} {
		found := regexp.MustCompile(`(?m)\bTAMAS_[A-Z_]+`).FindAllString(read(file), -1)
		if len(found) == 0 {
			t.Errorf("%s sets nothing", file)
		}
		for _, v := range found {
			if !slices.Contains(variables, v) {
				t.Errorf("%s names %s, which is no setting", file, v)
			}
		}
	}
}
