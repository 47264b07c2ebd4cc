package main

import (
	"archive/zip"
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

// erasedSince puts a list of erasures beside the restored record, where the hub finds it, and tells what it will do.
func erasedSince(ctx context.Context, cfg *config, from string, out io.Writer) error {
	if from != "" {
		list, err := readErased(from)
		if err == nil {
			_, err = inbox.AddToLedger(cfg.ledger(), list)
		}
		if err != nil {
			return fmt.Errorf("the record is restored, but not who was erased since: %w", err)
		}
	}
	list, err := inbox.ReadLedger(cfg.ledger())
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(out, "Nothing tells who was erased since that backup was made: there is no %s. If anybody was, stop here, empty the folder and restore again with --erased.\n", cfg.ledger())
		return nil
	}
	if err != nil {
		return err
	}
	db, err := record.OpenReadOnly(ctx, cfg.database())
	if err != nil {
		return err
	}
	defer db.Close()
	again, err := inbox.Outdated(ctx, db, list)
	if err != nil {
		return err
	}
	n := 0
	for _, e := range again {
		if e.Erasure != "" {
			n++
		}
	}
	if n == 0 {
		fmt.Fprintf(out, "Nobody was erased since, says %s.\n", cfg.ledger())
		return nil
	}
	fmt.Fprintf(out, "Erased since that backup was made: %d (%s). They are in the record again until the hub starts, which erases them again at once.\n", n, cfg.ledger())
	return nil
}

// readErased reads a list of erasures, or that of a backup.
func readErased(from string) ([]record.Erased, error) {
	z, err := zip.OpenReader(from)
	if errors.Is(err, zip.ErrFormat) {
		list, err := inbox.ReadLedger(from)
		if err == nil && len(list) == 0 {
			err = errors.New("it is no list of erasures, and no backup")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", from, err)
		}
		return list, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	defer z.Close()
	r, err := openBackup(&z.Reader)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	if r.is.Origin == "" {
		return nil, fmt.Errorf("%s: it is of a version that did not say whose erasures it has", from)
	}
	var list []record.Erased
	for _, f := range r.tables {
		if name := path.Base(f.Name); name == "erasures.jsonl" || name == "refusals.jsonl" {
			if err := r.table(f, func(t record.Table, rows record.Rows) error {
				more, err := record.ErasedOf(r.is.Origin, t, rows)
				list = append(list, more...)
				return err
			}); err != nil {
				return nil, fmt.Errorf("%s: %w", from, err)
			}
		}
	}
	return list, nil
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
