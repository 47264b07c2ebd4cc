package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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
	dir := filepath.Join(cfg.Data, "blobs")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(errOut, "there is no %s: whether the files are there that the record names is not looked at\n", dir)
	} else {
		missing, err := db.CheckBlobs(ctx, func(name string) (bool, error) {
			if !isBlob(name) {
				return false, nil
			}
			_, err := os.Stat(filepath.Join(dir, name[:2], name))
			if errors.Is(err, fs.ErrNotExist) {
				_, err = os.Stat(dir)
				return false, err
			}
			return err == nil, err
		})
		if err != nil {
			return &exit{verifyCant, fmt.Sprintf("the files: %v", err)}
		}
		flaws = append(flaws, missing...)
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
