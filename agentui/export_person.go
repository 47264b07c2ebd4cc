package agentui

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// portable is all that is held about one person, for machines.
type portable struct {
	MadeAt   time.Time             `json:"made_at"`
	Page     record.CustomerRecord `json:"customer"`
	Consents []record.Consent      `json:"consents"` // all that was ever said, newest first
	Touches  []portableTouch       `json:"touches"`
}

type portableTouch struct {
	record.Touch
	Files []string `json:"files,omitempty"` // paths in the zip file
}

// exportPerson answers a zip file with all that is held about a person: index.html to read, data.json for machines, files.
func (s *Server) exportPerson(c echo.Context) error {
	id, err := rowID(c, "customer")
	if err != nil {
		return err
	}
	if s.sight(c).Limited() { // a part of what is held would be taken for all of it
		return forbidden("Some fields of customers are kept from your role. Who sees all of them can export everything that is held about one.")
	}
	lang := c.QueryParam("lang")
	if lang != "" {
		if err := choice("lang", lang, "en", "fa"); err != nil {
			return err
		}
	}
	ctx := c.Request().Context()
	set := s.hub.Settings()
	page, err := s.db.CustomerRecord(ctx, id, &set.Record, set.Attributes, s.hub.Now())
	if err != nil {
		return missing(err, "customer")
	}
	consents, err := s.db.Consents(ctx, page.Customer.ID)
	if err != nil {
		return missing(err, "customer")
	}
	if err := s.db.Noted(ctx, s.note(c, "customer.export", page.Customer.ID, nil, map[string]any{"exported": true})); err != nil {
		return err
	}
	firm, err := s.firm(ctx)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", disposition("attachment", "customer-"+page.Customer.ID+".zip"))
	_ = http.NewResponseController(c.Response()).SetWriteDeadline(time.Now().Add(uploadFor))
	c.Response().WriteHeader(http.StatusOK)
	z := zip.NewWriter(c.Response())
	x := &personExport{s: s, zip: z, names: map[string]int{}, all: portable{MadeAt: s.hub.Now().Time(), Page: page, Consents: consents}}
	if err := x.write(ctx, page.Customer.ID, newPersonPrinter(personLanguage(lang, page.Customer.Languages, firm.Locale), firm.Timezone, set)); err != nil {
		// The file is cut short, which every program that opens it sees.
		s.log.Warn("the export of a person broke off", "customer", page.Customer.ID, "err", err)
		return nil
	}
	return z.Close()
}

type personExport struct {
	s     *Server
	zip   *zip.Writer
	names map[string]int
	all   portable
}

func (x *personExport) write(ctx context.Context, id string, print *personPrinter) error {
	err := x.s.db.EachTouch(ctx, id, func(t *record.Touch) error {
		p := portableTouch{Touch: *t}
		if t.Body != nil {
			b := t.Body.Light()
			b.HTML = t.Body.HTML
			p.Body = &b
			for _, f := range t.Body.Files {
				if f.Blob == "" {
					continue
				}
				name, err := x.file(f.Blob, f.Name)
				if err != nil {
					return err
				}
				p.Files = append(p.Files, name)
			}
			for _, whole := range []struct{ blob, name string }{{t.Body.Blob, "text.txt"}, {t.Body.HTMLBlob, "text.html.txt"}} {
				if whole.blob != "" {
					name, err := x.file(whole.blob, whole.name)
					if err != nil {
						return err
					}
					p.Files = append(p.Files, name)
				}
			}
		}
		x.all.Touches = append(x.all.Touches, p)
		return nil
	})
	if err != nil {
		return err
	}
	to, err := x.zip.Create("data.json")
	if err != nil {
		return err
	}
	enc := json.NewEncoder(to)
	enc.SetIndent("", "  ")
	if err := enc.Encode(&x.all); err != nil {
		return err
	}
	if to, err = x.zip.Create("index.html"); err != nil {
		return err
	}
	return personPage.Execute(to, print.view(&x.all))
}

// file puts a blob into the zip file and gives its path there.
func (x *personExport) file(blob, name string) (string, error) {
	n := len(x.names) + 1
	name = fmt.Sprintf("files/%04d-%s", n, strings.NewReplacer("\\", "_", "#", "_", "?", "_", "%", "_").Replace(path.Base("/"+name)))
	x.names[name] = n
	from, err := x.s.hub.Blobs().Open(blob)
	if errors.Is(err, os.ErrNotExist) {
		return name + missingFile, nil
	}
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := x.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, from)
	return name, err
}
