package email

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFold runs the cases that the web app's own fold is tested with too.
func TestFold(t *testing.T) {
	files, _ := filepath.Glob("testdata/fold/*.json")
	if len(files) < 20 {
		t.Fatalf("only %d cases", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c struct{ Text, Visible, Quoted string }
			if err := json.Unmarshal(raw, &c); err != nil {
				t.Fatal(err)
			}
			visible, quoted := Fold(c.Text)
			if visible != c.Visible || quoted != c.Quoted {
				t.Errorf("visible %q\nwant    %q\nquoted %q\nwant   %q", visible, c.Visible, quoted, c.Quoted)
			}
		})
	}
}
