package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"

	"tamas/inbox/record"
)

// check looks for what contradicts itself in the record, beside a hub that runs or without one.
func check(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	var asJSON bool
	cfg, rest, err := parse("tamas check", args, environ, errOut, func(f *flag.FlagSet) {
		f.BoolVar(&asJSON, "json", false, "print JSON")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return &exit{verifyCant, fmt.Sprintf("%q is not understood", rest[0])}
	}
	db, err := record.OpenReadOnly(ctx, cfg.database())
	if err != nil {
		return &exit{verifyCant, err.Error()}
	}
	defer db.Close()
	flaws, err := db.Check(ctx)
	if err != nil {
		return &exit{verifyCant, err.Error()}
	}
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(append([]record.Flaw{}, flaws...)); err != nil {
			return err
		}
	} else {
		for _, f := range flaws {
			fmt.Fprintf(out, "%d %s: %s\n", f.Count, f.What, strings.Join(f.Example, ", "))
		}
		if len(flaws) == 0 {
			fmt.Fprintln(out, "Nothing in the record contradicts the rest of it.")
		}
	}
	if len(flaws) > 0 {
		return &exit{status: verifyLacks}
	}
	return nil
}
