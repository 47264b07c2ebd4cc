package agentui

import (
	"archive/zip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
	"tamas/persian"
)

// portable is all that is held about one person, for machines.
type portable struct {
	MadeAt  time.Time           `json:"made_at"`
	Page    record.CustomerPage `json:"customer"`
	Touches []portableTouch     `json:"touches"`
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
	ctx := c.Request().Context()
	page, err := s.db.Customer(ctx, id)
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
	x := &personExport{s: s, zip: z, names: map[string]int{}, all: portable{MadeAt: s.hub.Now().Time(), Page: page}}
	if err := x.write(ctx, page.Customer.ID, firm); err != nil {
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

func (x *personExport) write(ctx context.Context, id string, firm Firm) error {
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
	return personPage.Execute(to, x.view(firm))
}

// file puts a blob into the zip file and gives its path there.
func (x *personExport) file(blob, name string) (string, error) {
	n := len(x.names) + 1
	name = fmt.Sprintf("files/%04d-%s", n, strings.ReplaceAll(path.Base("/"+name), "\\", "_"))
	x.names[name] = n
	from, err := x.s.hub.Blobs().Open(blob)
	if errors.Is(err, os.ErrNotExist) {
		return name + " (missing)", nil
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

// Words of the page.
var personWords = map[string]map[string]string{
	"en": {"title": "What is held about %s", "made": "Made on", "addresses": "Addresses", "touches": "Everything that happened", "us": "us", "none": "Nothing."},
	"fa": {"title": "آنچه دربارهٔ %s نگه داشته شده است", "made": "ساخته شده در", "addresses": "نشانی‌ها", "touches": "هر چه رخ داده است", "us": "ما", "none": "هیچ."},
}

type personView struct {
	Lang, Dir, Title, Made, Addresses, Touches, None string
	At                                               string
	Identities                                       []record.Identity
	Rows                                             []personRow
}

type personRow struct {
	At, Who, What, Subject, Text string
	Files                        []string
}

func (x *personExport) view(firm Firm) personView {
	lang := firm.Locale
	words := personWords[lang]
	if words == nil {
		lang, words = "en", personWords["en"]
	}
	zone, err := time.LoadLocation(firm.Timezone)
	if err != nil {
		zone = time.UTC
	}
	at := func(m record.Millis) string {
		t := m.Time().In(zone)
		if lang != "fa" {
			return t.Format("2 Jan 2006, 15:04")
		}
		y, mo, d := persian.Of(t.Date())
		return persian.Digits(fmt.Sprintf("%d/%02d/%02d %s", y, mo, d, t.Format("15:04")))
	}
	name := x.all.Page.Customer.Name
	if name == "" {
		name = x.all.Page.Customer.ID
	}
	v := personView{Lang: lang, Dir: "ltr", Title: fmt.Sprintf(words["title"], name), Made: words["made"], Addresses: words["addresses"], Touches: words["touches"], None: words["none"],
		At: at(record.At(x.all.MadeAt)), Identities: x.all.Page.Identities}
	if lang == "fa" {
		v.Dir = "rtl"
	}
	for _, t := range x.all.Touches {
		r := personRow{At: at(t.At), Who: words["us"], What: t.Kind + " · " + t.Channel, Files: t.Files}
		if t.Inbound {
			r.Who = name
		}
		if t.Body != nil {
			r.Subject, r.Text = t.Body.Subject, t.Body.Text
		}
		v.Rows = append(v.Rows, r)
	}
	return v
}

var personPage = template.Must(template.New("person").Parse(`<!doctype html>
<html lang="{{.Lang}}" dir="{{.Dir}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>
body { font: 16px/1.6 Vazirmatn, system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1c1c1e; background: #fff }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
article { border-top: 1px solid #ddd; padding: .6rem 0 } small { color: #666 } p { white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 0 }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #161618 } article { border-color: #333 } small { color: #aaa } a { color: #8ab4ff } }
</style>
<h1>{{.Title}}</h1>
<small>{{.Made}} {{.At}}</small>
<h2>{{.Addresses}}</h2>
<ul>{{range .Identities}}<li>{{.Channel}}: <bdi>{{.Address}}</bdi> {{.Name}}</li>{{end}}</ul>
<h2>{{.Touches}}</h2>
{{range .Rows}}<article><small>{{.At}} · {{.Who}} · {{.What}}</small>{{with .Subject}}<p dir="auto"><b>{{.}}</b></p>{{end}}{{with .Text}}<p dir="auto">{{.}}</p>{{end}}{{range .Files}}<div><a href="{{.}}">{{.}}</a></div>{{end}}</article>
{{else}}<p>{{.None}}</p>{{end}}
</html>
`))
