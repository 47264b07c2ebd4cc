package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"tamas/inbox"
	"tamas/inbox/record"
)

// restore fills the data folder and the database that the settings name. The record comes last, whole or not at all.
func (r *backupReader) restore(ctx context.Context, cfg *config, out io.Writer) error {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return err
	}
	if database := cfg.database(); !strings.Contains(database, "://") {
		unlock, err := record.LockFile(database)
		if err != nil {
			return err
		}
		defer unlock()
	}
	l, err := record.Load(ctx, cfg.database(), r.is.Version)
	if errors.Is(err, record.ErrOccupied) {
		return errors.New("there is a record already: restore into an empty --data folder or an empty --database")
	}
	if err != nil {
		return err
	}
	defer l.Close()
	if err := r.restoreKey(cfg); err != nil {
		return err
	}
	if err := r.restoreBlobs(ctx, filepath.Join(cfg.Data, "blobs"), out); err != nil {
		return err
	}
	for _, f := range r.tables {
		if err := r.table(f, func(t record.Table, rows record.Rows) error { return l.Table(ctx, t, rows) }); err != nil {
			return err
		}
		name := path.Base(f.Name)
		fmt.Fprintf(out, "  %-24s %d\n", strings.TrimSuffix(name, ".jsonl"), r.is.Tables[strings.TrimSuffix(name, ".jsonl")].Rows)
	}
	return l.Finish(ctx)
}

func (r *backupReader) restoreKey(cfg *config) error {
	if r.key == nil {
		return nil
	}
	return within(r.key, func(from io.Reader) error {
		b, err := io.ReadAll(io.LimitReader(from, 256))
		if err != nil {
			return err
		}
		key := decodeKey(strings.TrimSpace(string(b)))
		if key == nil {
			return errors.New("it holds no key")
		}
		own, err := cfg.readKey()
		switch {
		case err == nil && string(own) == string(key):
			return nil
		case err == nil:
			return errors.New("this installation has another key: take it away, or give --key")
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		return os.WriteFile(filepath.Join(cfg.Data, "key"), []byte(hex.EncodeToString(key)+"\n"), 0o600)
	})
}

func (r *backupReader) restoreBlobs(ctx context.Context, dir string, out io.Writer) error {
	if len(r.blobs) == 0 {
		return nil
	}
	blobs, err := inbox.OpenBlobs(dir)
	if err != nil {
		return err
	}
	last := time.Now()
	for i, f := range r.blobs {
		if err := within(f, func(from io.Reader) error {
			name, _, err := blobs.Write(from, math.MaxInt64-1)
			if err == nil && name != path.Base(f.Name) {
				err = errors.New("the content is not what it was")
			}
			return errors.Join(err, ctx.Err())
		}); err != nil {
			return err
		}
		if time.Since(last) > 2*time.Second {
			last = time.Now()
			fmt.Fprintf(out, "  %-24s %d of %d\n", "blobs …", i+1, len(r.blobs))
		}
	}
	return nil
}
