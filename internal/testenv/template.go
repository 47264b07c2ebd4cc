package testenv

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
)

// Template is a database that is made once for the test binary, of which each test gets a copy: to make one takes longer than most tests.
type Template struct {
	sqlite   func() ([]byte, error)
	postgres func() (string, error) // its name
}

// NewTemplate takes what makes the tables of an empty database, at a path or a PostgreSQL's URL, and leaves it closed.
func NewTemplate(fill func(address string) error) *Template {
	return &Template{
		sync.OnceValues(func() ([]byte, error) {
			dir, err := os.MkdirTemp("", "tamas-template-")
			if err != nil {
				return nil, err
			}
			defer os.RemoveAll(dir)
			path := filepath.Join(dir, "template.db")
			if err := fill(path); err != nil {
				return nil, err
			}
			return os.ReadFile(path)
		}),
		sync.OnceValues(func() (string, error) {
			s, err := shared()
			if err != nil {
				return "", err
			}
			name, err := createDatabase(s, "template0")
			if err != nil {
				return "", err
			}
			return name, fill(databaseURL(s, name))
		}),
	}
}

// SQLite puts a copy at path, whose folder it makes.
func (x *Template) SQLite(t T, path string) string {
	t.Helper()
	content, err := x.sqlite()
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		t.Fatalf("copy the template: %v", err)
	}
	return path
}

// Postgres gives a copy as a URL, as Postgres does an empty database.
func (x *Template) Postgres(t T) string {
	t.Helper()
	name, err := x.postgres()
	if errors.Is(err, errMissing) {
		missing(t, "PostgreSQL", installPostgres)
	}
	if err != nil {
		t.Fatalf("make the template: %v", err)
	}
	return postgres(t, name)
}
