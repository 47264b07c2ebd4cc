package record

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"tamas/internal/testenv"
)

func TestProfile(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		f := newFirm(t, db)
		f.receive("x", "k1", "one")
		f.receive("y", "k2", "two")
		f.write()
		to := func(s string) *string { return &s }
		edit := func(id string, e CustomerEdit) Customer {
			t.Helper()
			_, c, err := db.EditCustomer(ctx, id, 0, e, Decided{At: 7, By: "u1"}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		is := func(c Customer, want string) {
			t.Helper()
			c.ID, c.Name, c.CreatedAt, c.Version, c.ConfirmedAt = "", "", 0, 0, 0
			if got := asText(c); got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		}
		const none = `{"id":"","name":"","created_at":0,"version":0`
		x := edit("c-x", CustomerEdit{Tags: &[]string{"b", "a"}, Languages: &[]string{"fa", "en"}, TimeZone: to("Asia/Tehran"), Place: &Place{"IR", "تهران", "<1>"},
			Owner: to("u1"), Stage: to("active"), StageWhy: "bought", Attributes: Values{"size": json.RawMessage(`"m"`), "n": json.RawMessage(`1.5`)}})
		const full = none + `,"tags":["a","b"],"languages":["fa","en"],"time_zone":"Asia/Tehran","place":{"country":"IR","city":"تهران","address":"\u003c1\u003e"},` +
			`"owner":"u1","stage":"active","attributes":{"n":1.5,"size":"m"}}`
		is(x, full)
		is(must(db.Customer(ctx, "c-x")).Customer, full)
		y := edit("c-y", CustomerEdit{Tags: &[]string{"b", "c"}, Languages: &[]string{"en", "de"}, Owner: to("u2"), Place: &Place{City: "Qom"}, Attributes: Values{"n": json.RawMessage(`2`), "z": json.RawMessage(`true`)}})
		seen := must(db.PreviewMerge(ctx, "c-x", "c-y"))
		var shown []string
		for _, s := range seen.Fields {
			shown = append(shown, fmt.Sprintf("%s %s %s %s", s.Field, s.From, s.Into, s.Shows))
		}
		if want := []string{`name "Name of x" "Name of y" "Name of y"`, `tier "" "" ""`, `tags ["a","b"] ["b","c"] ["a","b","c"]`, `languages ["fa","en"] ["en","de"] ["en","de","fa"]`,
			`time_zone "Asia/Tehran"  "Asia/Tehran"`, `place {"country":"IR","city":"تهران","address":"<1>"} {"city":"Qom"} {"city":"Qom"}`, `owner "u1" "u2" "u2"`,
			`stage "active"  "active"`, `attributes.n 1.5 2 2`, `attributes.size "m"  "m"`, `attributes.z  true true`}; !slices.Equal(shown, want) {
			t.Errorf("%q", shown)
		}
		edit("c-y", CustomerEdit{Tags: &[]string{"b"}})
		if again := must(db.PreviewMerge(ctx, "c-x", "c-y")); again.Seen == seen.Seen {
			t.Error("what is seen does not depend on tags")
		}
		y = edit("c-y", CustomerEdit{Tags: &[]string{"b", "c"}})
		m := must(db.Merge(ctx, "c-x", "c-y", "", Decided{At: 8, By: "u"}, nil))
		is(must(db.Customer(ctx, "c-x")).Customer, none+`,"tags":["a","b","c"],"languages":["en","de","fa"],"time_zone":"Asia/Tehran","place":{"city":"Qom"},"owner":"u2","stage":"active","attributes":{"n":2,"size":"m","z":true}}`)
		// What is taken away of the one who was merged does not show, and is its own again.
		is(edit("c-x", CustomerEdit{TimeZone: to(""), Stage: to(""), Attributes: Values{"size": nil, "n": nil}}),
			none+`,"tags":["a","b","c"],"languages":["en","de","fa"],"place":{"city":"Qom"},"owner":"u2","attributes":{"z":true}}`)
		is(edit("c-x", CustomerEdit{Place: &Place{}, Owner: to("")}), none+`,"tags":["a","b","c"],"languages":["en","de","fa"],"attributes":{"z":true}}`)
		must(db.UndoMerge(ctx, m.ID, nil, Decided{At: 9, By: "u"}, nil))
		is(must(db.Customer(ctx, "c-x")).Customer, full)
		is(must(db.Customer(ctx, "c-y")).Customer, none+`,"tags":["b","c"],"languages":["en","de"],"attributes":{"z":true}}`)
		if y.Version == 0 {
			t.Error("no version")
		}
		// Again merged: what was said to be nothing hides nothing that is said anew.
		must(db.Merge(ctx, "c-x", "c-y", "", Decided{At: 10, By: "u"}, nil))
		is(edit("c-y", CustomerEdit{TimeZone: to("UTC"), Tags: &[]string{"c"}, Languages: &[]string{"fa"}}), none+`,"tags":["c"],"languages":["fa"],"time_zone":"UTC","attributes":{"z":true}}`)
	})
}

// profileModel is the plainest model of what is said of whom: rows of one's own, who was merged into whom, and what shows follows.
type profileModel struct {
	own  map[string]map[string]string // customer → field → value; "-": none, whatever others have
	tags map[string]map[string]bool
	into map[string]string
	age  []string // oldest first
}

func (m *profileModel) root(c string) string {
	for m.into[c] != "" {
		c = m.into[c]
	}
	return c
}

func (m *profileModel) tree(root string) (list []string) {
	for _, c := range m.age {
		if m.root(c) == root {
			list = append(list, c)
		}
	}
	return list
}

func (m *profileModel) shows(root, field string) string {
	if v := m.own[root][field]; v != "" {
		return v
	}
	for _, c := range m.tree(root) {
		if v := m.own[c][field]; v != "" && v != "-" {
			return v
		}
	}
	return ""
}

// Any order of edits, merges and their undoing leaves everybody with what was said of them.
func TestEveryFieldKeepsItsOwner(t *testing.T) {
	seeds, steps := uint64(4), 60
	if testenv.Raced {
		seeds, steps = 1, 30
	}
	for seed := range seeds {
		each(t, func(t *testing.T, db *DB, _ string) {
			ctx := t.Context()
			rng := rand.New(rand.NewPCG(seed, 5))
			f := newFirm(t, db)
			m := &profileModel{own: map[string]map[string]string{}, tags: map[string]map[string]bool{}, into: map[string]string{}}
			for i := range 5 {
				f.receive(fmt.Sprint(i), fmt.Sprint("k", i), "hi")
				f.now += 1000
				c := fmt.Sprint("c-", i)
				m.own[c], m.tags[c], m.age = map[string]string{}, map[string]bool{}, append(m.age, c)
			}
			f.write()
			merges := map[string]string{} // merge → from
			fields := []string{"owner", "stage", "time_zone", "city", "attributes.a", "attributes.b"}
			for step := range steps {
				c := m.age[rng.IntN(5)]
				root := m.root(c)
				switch rng.IntN(6) {
				case 0:
					into := m.age[rng.IntN(5)]
					if m.root(into) == root {
						continue
					}
					g := must(db.Merge(ctx, c, into, "", Decided{At: 1}, nil))
					m.into[root] = m.root(into)
					merges[g.ID] = root
				case 1:
					if len(merges) == 0 {
						continue
					}
					id := slices.Sorted(maps.Keys(merges))[rng.IntN(len(merges))]
					must(db.UndoMerge(ctx, id, nil, Decided{At: 1}, nil))
					m.into[merges[id]] = ""
					delete(merges, id)
				case 2:
					want := []string{}
					for _, tag := range []string{"p", "q", "r", "s"} {
						if rng.IntN(2) == 0 {
							want = append(want, tag)
						}
					}
					had := map[string]bool{}
					for _, x := range m.tree(root) {
						for tag := range m.tags[x] {
							had[tag] = true
							if !slices.Contains(want, tag) {
								delete(m.tags[x], tag)
							}
						}
					}
					for _, tag := range want {
						if !had[tag] {
							m.tags[root][tag] = true
						}
					}
					must2(db.EditCustomer(ctx, c, 0, CustomerEdit{Tags: &want}, Decided{At: 1}, nil))
				default:
					field, value := fields[rng.IntN(len(fields))], ""
					if rng.IntN(3) > 0 {
						value = fmt.Sprint("v", step)
					}
					var e CustomerEdit
					switch field {
					case "owner":
						e.Owner = &value
					case "stage":
						e.Stage = &value
					case "time_zone":
						e.TimeZone = &value
					case "city":
						e.Place = &Place{City: value}
					default:
						e.Attributes = Values{field[len("attributes."):]: json.RawMessage("null")}
						if value != "" {
							e.Attributes[field[len("attributes."):]] = json.RawMessage(`"` + value + `"`)
						}
					}
					must2(db.EditCustomer(ctx, c, 0, e, Decided{At: 1}, nil))
					if m.own[root][field] = value; value == "" {
						if m.shows(root, field) != "" {
							m.own[root][field] = "-"
						}
					}
				}
				for _, c := range m.age {
					root := m.root(c)
					got := must(db.Customer(ctx, c)).Customer
					has := map[string]string{"owner": got.Owner, "stage": got.Stage, "time_zone": got.TimeZone, "city": ""}
					if got.Place != nil {
						has["city"] = got.Place.City
					}
					for _, a := range []string{"a", "b"} {
						has["attributes."+a] = said[string](got.Attributes[a])
					}
					for _, field := range fields {
						want := m.shows(root, field)
						if want == "-" {
							want = ""
						}
						if has[field] != want {
							t.Fatalf("step %d: %s shows %s %q, want %q", step, c, field, has[field], want)
						}
					}
					tags := map[string]bool{}
					for _, x := range m.tree(root) {
						maps.Copy(tags, m.tags[x])
					}
					if want := slices.Sorted(maps.Keys(tags)); !slices.Equal(got.Tags, want) {
						t.Fatalf("step %d: %s has the tags %v, want %v", step, c, got.Tags, want)
					}
				}
			}
		})
	}
}

func TestAttributesAreChecked(t *testing.T) {
	options := []Option{{ID: "a"}, {ID: "b"}, {ID: "old", Archived: true}}
	for _, c := range []struct{ kind, value, want string }{
		{TypeText, `" two\nlines <b> "`, `"two\nlines <b>"`}, {TypeText, `""`, ``}, {TypeText, `5`, `!`}, {TypeText, `"a\u0000"`, `!`}, {TypeText, `"\ud800"`, `!`},
		{TypeNumber, `12.50`, `12.5`}, {TypeNumber, `"۱۲٫۵"`, `12.5`}, {TypeNumber, `1e400`, `!`}, {TypeNumber, `"x"`, `!`}, {TypeNumber, `true`, `!`}, {TypeNumber, `""`, ``}, {TypeNumber, `0`, `0`},
		{TypeMoney, `{"amount":"1250000","currency":"IRT"}`, `{"amount":1250000,"currency":"IRT"}`}, {TypeMoney, `{"amount":1}`, `!`}, {TypeMoney, `{"amount":1,"currency":"eur"}`, `!`}, {TypeMoney, `5`, `!`},
		{TypeMoney, `{"amount":1,"currency":"EUR","more":1}`, `!`},
		{TypeDate, `"2024-02-29"`, `"2024-02-29"`}, {TypeDate, `"2023-02-29"`, `!`}, {TypeDate, `"1403/01/01"`, `!`}, {TypeDate, `0`, `!`}, {TypeDate, `""`, ``},
		{TypeChoice, `"a"`, `"a"`}, {TypeChoice, `"c"`, `!`}, {TypeChoice, `"old"`, `!`}, {TypeChoice, `["a"]`, `!`}, {TypeChoice, `""`, ``},
		{TypeChoices, `["b","a","b"]`, `["a","b"]`}, {TypeChoices, `[]`, ``}, {TypeChoices, `["a","old"]`, `!`}, {TypeChoices, `"a"`, `!`},
		{TypeYesNo, `false`, `false`}, {TypeYesNo, `"no"`, `!`},
		{TypeLink, `"https://example.com/a?b=c&d"`, `"https://example.com/a?b=c&d"`}, {TypeLink, `"javascript:alert(1)"`, `!`}, {TypeLink, `"https://"`, `!`}, {TypeLink, `"https://a b"`, `!`}, {TypeLink, `"https://u:p@x/"`, `!`},
		{TypeText, `null`, ``}, {TypeText, `[`, `!`}, {"magic", `1`, `!`},
	} {
		a := Attribute{ID: "x", Type: c.kind, Options: options}
		got, err := a.Check(json.RawMessage(c.value))
		text := string(got)
		if err != nil {
			text = "!"
		}
		if text != c.want {
			t.Errorf("%s %s: %q %v, want %q", c.kind, c.value, got, err, c.want)
		}
		if again, err := a.Check(got); err != nil && text != "!" || text != "!" && string(again) != text {
			t.Errorf("%s %s: checked twice it is %q %v", c.kind, c.value, again, err)
		}
		a.Archived = true
		if _, err := a.Check(json.RawMessage(c.value)); (err == nil) != (c.value == "null") {
			t.Errorf("archived, %s %s: %v", c.kind, c.value, err)
		}
	}
}
