package main

import (
	"archive/zip"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"tamas/inbox/record"
)

// A backup is one zip file: record/<table>.jsonl (its columns, then a row a line), blobs/<first two letters>/<name>, the key when it was
// asked for, and manifest.json, which tells what all of it must be.

const backupFormat = 1

// manifest describes a backup.
type manifest struct {
	Format   int                      `json:"format"`
	Program  string                   `json:"program"`
	MadeAt   time.Time                `json:"made_at"`
	Database string                   `json:"database"`         // that it was made of
	Version  int64                    `json:"version"`          // of the record
	Origin   string                   `json:"origin,omitempty"` // tells the record from others
	Cursor   string                   `json:"cursor"`           // the last event in it
	Tables   map[string]*record.Tally `json:"tables"`
	Blobs    int                      `json:"blobs"`
	Bytes    int64                    `json:"bytes"` // of Blobs
	Key      bool                     `json:"key"`   // is in it
}

const recordIn, blobsIn, keyIn, manifestIn = "record/", "blobs/", "key", "manifest.json"

// backup writes the record and the blobs into a file, beside a hub that runs or without one.
func backup(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	to, withKey := "", false
	cfg, rest, err := parse("tamas backup", args, environ, errOut, func(f *flag.FlagSet) {
		f.StringVar(&to, "to", ".", "the `file` to write, or a folder for one named by the time")
		f.BoolVar(&withKey, "with-key", false, "put the key in, that opens the accounts' secrets: then keep the file as safe as the key")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%q is not understood", rest[0])
	}
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		to = filepath.Join(to, time.Now().UTC().Format("tamas-20060102-150405.zip"))
	}
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%s is there already", to), err)
	}
	db, err := record.OpenReadOnly(ctx, cfg.database())
	if err != nil {
		return err
	}
	defer db.Close()
	f, err := os.CreateTemp(filepath.Dir(to), ".tamas-backup-") // for its owner only
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	defer f.Close()
	buffered := bufio.NewWriterSize(f, 1<<20)
	w := &backupWriter{zip: zip.NewWriter(buffered), out: out, is: manifest{Format: backupFormat, Program: versionText(), MadeAt: time.Now().UTC().Truncate(time.Second),
		Database: db.Kind(), Tables: map[string]*record.Tally{}}}
	if err := w.write(ctx, cfg, db, withKey); err != nil {
		return err
	}
	if err := errors.Join(w.zip.Close(), buffered.Flush(), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), to); err != nil {
		return err
	}
	if d, err := os.Open(filepath.Dir(to)); err == nil { // the name is durable, too
		d.Sync()
		d.Close()
	}
	fmt.Fprintf(out, "%s: the record up to event %s, %d blobs (%d MB)\n", to, w.is.Cursor, w.is.Blobs, w.is.Bytes>>20)
	if !withKey && cfg.Key == "" {
		fmt.Fprintf(out, "Not in it: the key, %s. Keep a copy elsewhere: without it the accounts' secrets have to be entered again.\n", filepath.Join(cfg.Data, "key"))
	}
	return nil
}

type backupWriter struct {
	zip *zip.Writer
	out io.Writer
	is  manifest
}

func (w *backupWriter) write(ctx context.Context, cfg *config, db *record.DB, withKey bool) error {
	var err error
	if w.is.Version, err = db.Version(ctx); err != nil {
		return err
	}
	if w.is.Origin, err = db.Origin(ctx); err != nil {
		return err
	}
	// The record first: a blob is there before an event that names it.
	at, err := db.Dump(ctx, func(t record.Table, rows record.Rows) error {
		tally := &record.Tally{}
		w.is.Tables[t.Name] = tally
		file, err := w.create(recordIn+t.Name+".jsonl", zip.Deflate)
		if err != nil {
			return err
		}
		if err := writeRows(file, t.Columns, tally.Of(rows)); err != nil {
			return err
		}
		fmt.Fprintf(w.out, "  %-24s %d\n", t.Name, tally.Rows)
		return nil
	})
	if err != nil {
		return err
	}
	w.is.Cursor = at.String()
	if err := w.blobs(ctx, filepath.Join(cfg.Data, "blobs")); err != nil {
		return err
	}
	if withKey {
		key, err := cfg.readKey()
		if err != nil {
			return err
		}
		file, err := w.create(keyIn, zip.Store)
		if err == nil {
			_, err = io.WriteString(file, hex.EncodeToString(key)+"\n")
		}
		if err != nil {
			return err
		}
		w.is.Key = true
	}
	file, err := w.create(manifestIn, zip.Deflate)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(file)
	enc.SetIndent("", "  ")
	return enc.Encode(&w.is)
}

func (w *backupWriter) create(name string, method uint16) (io.Writer, error) {
	return w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: w.is.MadeAt})
}

func (w *backupWriter) blobs(ctx context.Context, dir string) error {
	last := time.Now()
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // no folder, or erased meanwhile
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case e.IsDir() || !isBlob(e.Name()):
			return nil
		}
		from, err := os.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		defer from.Close()
		file, err := w.create(blobsIn+e.Name()[:2]+"/"+e.Name(), zip.Store) // most are pictures, which do not get smaller
		if err != nil {
			return err
		}
		n, err := io.Copy(file, from)
		w.is.Blobs++
		w.is.Bytes += n
		if time.Since(last) > 2*time.Second {
			last = time.Now()
			fmt.Fprintf(w.out, "  %-24s %d (%d MB)\n", "blobs …", w.is.Blobs, w.is.Bytes>>20)
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("the blobs: %w", err)
	}
	return err
}

// isBlob tells the name of a blob, the SHA-256 of its content.
func isBlob(name string) bool {
	b, err := hex.DecodeString(name)
	return err == nil && len(b) == sha256.Size
}

// writeRows writes the columns' names and then each row as a line of JSON.
func writeRows(to io.Writer, columns []string, rows record.Rows) error {
	enc := json.NewEncoder(to)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(columns); err != nil {
		return err
	}
	cells := make([]any, len(columns))
	for row, err := range rows {
		if err != nil {
			return err
		}
		for i, v := range row {
			cells[i] = cell(v)
		}
		if err := enc.Encode(cells); err != nil {
			return err
		}
	}
	return nil
}

// odd is what JSON has no text for: bytes, and a text that is not UTF-8.
type odd struct {
	Bytes []byte `json:"bytes,omitempty"`
	Text  []byte `json:"text,omitempty"`
	Is    bool   `json:"is"` // so that an empty one is no null
}

func cell(v any) any {
	switch v := v.(type) {
	case []byte:
		return odd{Bytes: v, Is: true}
	case string:
		if !utf8.ValidString(v) {
			return odd{Text: []byte(v), Is: true}
		}
	}
	return v
}

// readRows is the inverse of writeRows.
func readRows(from io.Reader) ([]string, record.Rows, error) {
	dec := json.NewDecoder(from)
	dec.UseNumber()
	var columns []string
	if err := dec.Decode(&columns); err != nil {
		return nil, nil, err
	}
	return columns, func(yield func([]any, error) bool) {
		row := make([]any, len(columns))
		for dec.More() {
			var cells []json.RawMessage
			err := dec.Decode(&cells)
			if err == nil && len(cells) != len(columns) {
				err = fmt.Errorf("a row of %d columns, not %d", len(cells), len(columns))
			}
			for i := 0; i < len(cells) && err == nil; i++ {
				row[i], err = cellValue(cells[i])
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}, nil
}

func cellValue(raw json.RawMessage) (any, error) {
	switch raw[0] {
	case 'n':
		return nil, nil
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case '{':
		var o odd
		err := json.Unmarshal(raw, &o)
		if o.Text != nil {
			return string(o.Text), err
		}
		return append([]byte{}, o.Bytes...), err
	}
	var n int64
	err := json.Unmarshal(raw, &n)
	return n, err
}

// restore makes a record and the blobs of a backup, where there are none.
func restore(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	from, erased, check := "", "", false
	cfg, rest, err := parse("tamas restore", args, environ, errOut, func(f *flag.FlagSet) {
		f.StringVar(&from, "from", "", "the backup's `file`")
		f.StringVar(&erased, "erased", "", "a `file` that knows who was erased since: a list of erasures (erased.jsonl of the data folder) or a newer backup")
		f.BoolVar(&check, "check", false, "only read all of it and compare it with its sums")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%q is not understood", rest[0])
	}
	if from == "" {
		return errors.New("--from is missing: which backup?")
	}
	z, err := zip.OpenReader(from)
	if errors.Is(err, zip.ErrFormat) {
		return fmt.Errorf("%s: it is not a backup, or only a part of one: its end is missing", from)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	defer z.Close()
	r, err := openBackup(&z.Reader)
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if check {
		if err := r.check(ctx); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
		fmt.Fprintf(out, "%s is whole: the record up to event %s of %s, %d tables, %d blobs\n", from, r.is.Cursor, r.is.MadeAt.Format(time.RFC3339), len(r.is.Tables), r.is.Blobs)
		return nil
	}
	if erased != "" { // before anything is made
		if _, err := readErased(erased); err != nil {
			return err
		}
	}
	if err := r.restore(ctx, cfg, out); err != nil {
		return fmt.Errorf("%s: nothing was restored: %w", from, err)
	}
	fmt.Fprintf(out, "Restored: the record up to event %s of %s, %d blobs\n", r.is.Cursor, r.is.MadeAt.Format(time.RFC3339), r.is.Blobs)
	return erasedSince(ctx, cfg, erased, out)
}

// backupReader is an opened backup.
type backupReader struct {
	is     manifest
	tables []*zip.File
	blobs  []*zip.File
	key    *zip.File
}

func openBackup(z *zip.Reader) (*backupReader, error) {
	r := &backupReader{}
	var is *zip.File
	for _, f := range z.File {
		switch name := f.Name; {
		case name == manifestIn:
			is = f
		case name == keyIn:
			r.key = f
		case strings.HasPrefix(name, recordIn) && strings.HasSuffix(name, ".jsonl"):
			r.tables = append(r.tables, f)
		case strings.HasPrefix(name, blobsIn) && isBlob(path.Base(name)):
			r.blobs = append(r.blobs, f)
		default:
			return nil, fmt.Errorf("%q is no part of a backup", name)
		}
	}
	if is == nil {
		return nil, errors.New("it is not a backup, or one that was broken off: it has no manifest")
	}
	if err := within(is, func(from io.Reader) error { return json.NewDecoder(io.LimitReader(from, 1<<20)).Decode(&r.is) }); err != nil {
		return nil, err
	}
	if r.is.Format != backupFormat {
		return nil, fmt.Errorf("it has format %d, this program knows %d: use the newer program", r.is.Format, backupFormat)
	}
	if len(r.tables) != len(r.is.Tables) || len(r.blobs) != r.is.Blobs || r.is.Key != (r.key != nil) {
		return nil, errors.New("parts of it are missing")
	}
	sort.Slice(r.tables, func(a, b int) bool { return r.tables[a].Name < r.tables[b].Name })
	return r, nil
}

func within(f *zip.File, do func(io.Reader) error) error {
	from, err := f.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	if err := do(from); err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	return nil
}

// table gives the rows of one and compares them with what they were.
func (r *backupReader) table(f *zip.File, do func(record.Table, record.Rows) error) error {
	name := strings.TrimSuffix(strings.TrimPrefix(f.Name, recordIn), ".jsonl")
	want := r.is.Tables[name]
	if want == nil {
		return fmt.Errorf("%s is no part of the backup", f.Name)
	}
	return within(f, func(from io.Reader) error {
		columns, rows, err := readRows(bufio.NewReaderSize(from, 1<<18))
		if err != nil {
			return err
		}
		var got record.Tally
		if err := do(record.Table{Name: name, Columns: columns}, got.Of(rows)); err != nil {
			return err
		}
		if !got.Is(want) {
			return fmt.Errorf("it has %d rows, not the %d that were written, or others", got.Rows, want.Rows)
		}
		return nil
	})
}

func (r *backupReader) check(ctx context.Context) error {
	for _, f := range r.tables {
		if err := r.table(f, func(_ record.Table, rows record.Rows) error {
			for _, err := range rows {
				if err = errors.Join(err, ctx.Err()); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	for _, f := range r.blobs {
		if err := within(f, func(from io.Reader) error {
			sum := sha256.New()
			if _, err := io.Copy(sum, from); err != nil {
				return err
			}
			if hex.EncodeToString(sum.Sum(nil)) != path.Base(f.Name) {
				return errors.New("the content is not what it was")
			}
			return ctx.Err()
		}); err != nil {
			return err
		}
	}
	return nil
}
