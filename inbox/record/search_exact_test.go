package record

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// What is found is what a look at every touch finds, in its order: with documents in the head, in blocks of two chunks, told late, tagged
// anew, erased and withdrawn meanwhile.
func TestSearchIsExact(t *testing.T) {
	seed := rand.Uint64()
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		rng := rand.New(rand.NewPCG(seed, 1))
		// The first block ends the first chunk.
		if err := db.write(ctx, func(q querier) (err error) {
			runner(ctx, q, &err)("UPDATE search_cursor SET upcoming = $1, settled = $1", chunkDocs-blockDocs)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		type said struct {
			key, conv, text string
			n               int64
			at              Millis
			logged, gone    bool
		}
		var words []string
		for i := range 80 {
			words = append(words, strings.Repeat(string(rune('a'+i%7)), 1+i%2)+string(rune('k'+i%5))+string(rune('t'+i/16))+[]string{"", "o", "oe"}[i%3])
		}
		word := func() string { return words[min(rng.IntN(80), rng.IntN(80), rng.IntN(80))] }
		text := func() string {
			list := make([]string, 3+rng.IntN(5))
			for i := range list {
				if list[i] = word(); rng.IntN(40) == 0 {
					list[i] = fmt.Sprint("ord", 1000+rng.IntN(9000))
				}
			}
			return strings.Join(list, " ")
		}
		f := newFirm(t, db)
		var all []*said
		tagged := map[string]string{} // conversation → tag
		base := At(time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC))
		speak := func(rounds int) {
			for range rounds {
				v := &said{key: fmt.Sprintf("k%05d", len(all)), conv: fmt.Sprint(rng.IntN(40)), text: text()}
				var e *Event
				if v.logged = rng.IntN(4) == 0; v.logged {
					e = f.log(v.conv, v.key, KindCall, "u1", v.text, base+Millis(rng.IntN(300))*24*3600_000, nil)
				} else {
					e = f.receive(v.conv, v.key, v.text)
				}
				v.at, v.n = e.Touch.At, int64(e.ID.N)
				if v.logged {
					v.conv = ""
				}
				all = append(all, v)
			}
			f.write()
		}
		index := func() {
			for {
				if n := must(db.IndexOnce(ctx, 400)); n == 0 {
					return
				}
			}
		}
		compare := func() {
			t.Helper()
			for i := range 36 {
				var list []string
				for range 1 + rng.IntN(2) {
					list = append(list, word())
				}
				typed, phrase, tag, kind := true, "", "", ""
				switch last := &list[len(list)-1]; i % 6 {
				case 1:
					*last = (*last)[:1+rng.IntN(len(*last))]
				case 2:
					*last = fmt.Sprint("ord", 1+rng.IntN(99))
				case 3:
					v := strings.Fields(all[rng.IntN(len(all))].text)
					k := rng.IntN(len(v) - 1)
					phrase, list, typed = v[k]+v[k+1], []string{v[k], v[k+1]}, false
				case 4:
					tag = []string{"red", "green"}[rng.IntN(2)]
				case 5:
					kind = KindCall
				}
				ask := strings.Join(list, " ")
				if phrase != "" {
					ask = `"` + ask + `"`
				}
				if tag != "" {
					ask += " tag:" + tag
				}
				if kind != "" {
					ask += " kind:" + kind
				}
				want := func(logged bool) (keys []string) {
					var found []*said
					for _, begins := range []bool{false, true} {
						if begins && (!typed || len(found) > 0) {
							break
						}
						for _, v := range all {
							has := strings.Fields(v.text)
							fits := !v.gone && v.logged == logged && (tag == "" || v.conv != "" && tagged[v.conv] == tag) && (kind == "" || v.logged)
							for k, w := range list {
								fits = fits && slices.ContainsFunc(has, func(h string) bool { return h == w || begins && k == len(list)-1 && strings.HasPrefix(h, w) })
							}
							if fits && phrase != "" {
								fits = false
								for k := range has[1:] {
									fits = fits || has[k] == list[0] && has[k+1] == list[1]
								}
							}
							if fits {
								found = append(found, v)
							}
						}
					}
					slices.SortFunc(found, func(a, b *said) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(b.n, a.n)) })
					for _, v := range found[:min(len(found), 7)] {
						keys = append(keys, v.key)
					}
					return keys
				}
				h := search(t, db, ask, func(s *SearchFor) { s.Limit = 7; s.Supervisor = true })
				known := tag == "" || h.Filters[0].Error == ""
				if known && (!slices.Equal(hitKeys(t, db, h.Messages), want(false)) || !slices.Equal(hitKeys(t, db, h.Touches), want(true))) {
					t.Fatalf("seed %d: %s finds %v and %v, not %v and %v", seed, ask, hitKeys(t, db, h.Messages), hitKeys(t, db, h.Touches), want(false), want(true))
				}
			}
		}
		for round := range 3 {
			speak(1500)
			index()
			compare()
			for range 5 {
				id := fmt.Sprint(rng.IntN(40))
				tagged[id] = []string{"red", "green", ""}[rng.IntN(3)]
				c := f.change(id)
				if c.Tags = nil; tagged[id] != "" {
					c.Tags = []string{tagged[id]}
				}
				f.append(Event{Kind: EvChanged, Conversation: c})
			}
			f.write()
			index()
			compare()
			// Some are erased, and a run of touches is taken back.
			var ns []int64
			for range 20 {
				v := all[rng.IntN(len(all))]
				v.gone = true
				ns = append(ns, v.n)
			}
			if err := db.write(ctx, func(q querier) error { return db.unsearch(ctx, q, slices.Compact(slices.Sorted(slices.Values(ns)))) }); err != nil {
				t.Fatal(err)
			}
			from, to := all[round*100].n, all[round*100+60].n
			for _, v := range all {
				v.gone = v.gone || v.logged && v.n >= from && v.n <= to
			}
			f.append(Event{Kind: EvWithdrawn, Import: &Import{ID: "imp", First: int64(round), From: uint64(from), To: uint64(to)}})
			f.write()
			index()
			compare()
		}
		numberTermsAnew(t, db)
		compare()
		speak(300)
		index()
		compare()
	})
}

// numberTermsAnew keeps lists by their terms, as was done before terms had numbers, and brings that up to date.
func numberTermsAnew(t *testing.T, db *DB) {
	t.Helper()
	text := must(migrations.ReadFile("migrations/00022_search." + db.Kind() + ".sql"))
	if err := db.write(t.Context(), func(q querier) (err error) {
		run := runner(t.Context(), q, &err)
		for _, s := range []string{
			"CREATE TABLE by_term (chunk BIGINT NOT NULL, term TEXT NOT NULL, docs @BYTES NOT NULL)",
			"INSERT INTO by_term SELECT (t.space << 40) + ((p.id >> 32) & 1048575), t.term, p.docs FROM search_postings p JOIN search_terms t ON t.id = (p.id & 4294967295)",
			"DROP TABLE search_postings", "ALTER TABLE by_term RENAME TO search_postings",
			"DROP INDEX search_terms_id", "ALTER TABLE search_terms DROP COLUMN id", "ALTER TABLE search_cursor DROP COLUMN terms",
			string(text),
		} {
			run(db.d.words.Replace(s))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
