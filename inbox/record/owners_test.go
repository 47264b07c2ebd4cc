package record

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"tamas/channels"
	"tamas/internal/testenv"
)

// owners is the plainest model of whose touches are whose: homes, branches, and what changed them.
type owners struct {
	t       *testing.T
	db      *DB
	f       *firm
	rng     *rand.Rand
	home    map[string]string   // identity → customer
	into    map[string]string   // customer → the one it was merged into; "" none
	touches map[string]string   // touch → identity
	changes map[string][]change // of an identity
	merges  []*modelMerge
	count   int
}

type change struct {
	key      int // alike for what one deed changed
	from, to string
	verified bool
}

type modelMerge struct {
	id, from, into string
	undone         bool
	was            map[string][]string // customer → identities
}

func newOwners(t *testing.T, db *DB, seed uint64) *owners {
	return &owners{t: t, db: db, f: newFirm(t, db), rng: rand.New(rand.NewPCG(seed, 3)), home: map[string]string{}, into: map[string]string{},
		touches: map[string]string{}, changes: map[string][]change{}}
}

func (o *owners) root(customer string) string {
	for o.into[customer] != "" {
		customer = o.into[customer]
	}
	return customer
}

func (o *owners) any(list []string) string {
	slices.Sort(list)
	return list[o.rng.IntN(len(list))]
}

func (o *owners) customer() string { return o.any(slices.Collect(maps.Keys(o.into))) }

// of are the identities that count for a customer.
func (o *owners) of(root string) (list []string) {
	for i, h := range o.home {
		if o.root(h) == root {
			list = append(list, i)
		}
	}
	slices.Sort(list)
	return list
}

// known makes an identity known with its own customer, unless it is.
func (o *owners) known(id, customer string) {
	if o.home[id] == "" {
		o.home[id] = customer
		if _, ok := o.into[customer]; !ok {
			o.into[customer] = ""
		}
	}
}

func (o *owners) move(key int, identity, to string, verified bool) {
	o.changes[identity] = append(o.changes[identity], change{key, o.home[identity], to, verified})
	o.home[identity] = to
}

func (o *owners) last(identity string) *change {
	list := o.changes[identity]
	if len(list) == 0 {
		return nil
	}
	return &list[len(list)-1]
}

// message comes from somebody, at times with proof of who it is. Several make a batch of the log.
func (o *owners) message() {
	o.count++
	who := fmt.Sprint(o.rng.IntN(8))
	e := o.f.receive(who, fmt.Sprint("k", o.count), "words")
	o.touches[e.Touch.ID] = e.Touch.Identity
	id := e.Identity.ID
	if _, ok := o.into[e.Identity.Customer]; !ok {
		o.into[e.Identity.Customer] = ""
	}
	o.known(id, e.Identity.Customer)
	link := &channels.Link{Evidence: "token"}
	switch o.rng.IntN(6) {
	default:
		return
	case 0:
		link.Customer = o.customer()
		e.Marks = []Mark{{Kind: MarkLink, Link: link}}
		o.proved(id, link.Customer)
	case 1:
		link.Channel, link.Address = "external", fmt.Sprint(o.rng.IntN(4))
		to := o.db.IdentityOf(link.Channel, link.Address, "")
		o.known(to.ID, to.Customer)
		e.Marks = []Mark{{Kind: MarkLink, Link: link}}
		o.proved(id, o.home[to.ID])
		if o.rng.IntN(2) == 0 {
			link.Email = fmt.Sprintf("%d@example.com", o.rng.IntN(4))
			if mail := o.db.IdentityOf("email", link.Email, ""); o.home[mail.ID] == "" {
				o.home[mail.ID] = mail.Customer
				o.move(-o.count, mail.ID, o.home[id], true)
			}
		}
	}
}

func (o *owners) proved(id, home string) {
	if last := o.last(id); o.home[id] != home || last != nil && !last.verified {
		o.move(o.count, id, home, true)
	}
}

// step does one thing with the record and the same with the model, and compares what is said of it.
func (o *owners) step() {
	ctx, by := o.t.Context(), Decided{At: 1, By: "u"}
	o.count++
	expect := func(what string, err, want error) bool {
		o.t.Helper()
		if !errors.Is(err, want) {
			o.t.Fatalf("%s: %v, want %v", what, err, want)
		}
		return want == nil
	}
	if r := o.rng.IntN(10); len(o.into) < 2 || r < 4 {
		for range 1 + o.rng.IntN(4) {
			o.message()
		}
		o.f.write()
		return
	}
	switch o.rng.IntN(6) {
	case 0, 1:
		from, into := o.customer(), o.customer()
		var want error
		if o.root(from) == o.root(into) {
			want = ErrSame
		}
		m, err := o.db.Merge(ctx, from, into, "", by, nil)
		if expect("merge", err, want) {
			mm := &modelMerge{id: m.ID, from: o.root(from), into: o.root(into), was: map[string][]string{}}
			for c := range o.into {
				if r := o.root(c); r == mm.from || r == mm.into {
					mm.was[c] = []string{}
				}
			}
			for i, h := range o.home {
				if _, ok := mm.was[h]; ok {
					mm.was[h] = append(mm.was[h], i)
				}
			}
			o.merges = append(o.merges, mm)
			o.into[mm.from] = mm.into
		}
	case 2, 3:
		if len(o.merges) > 0 {
			o.undo(by, expect)
		}
	case 4:
		root := o.root(o.customer())
		all := o.of(root)
		if len(all) == 0 {
			return
		}
		o.rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		order := SplitOrder{Identities: all[:1+o.rng.IntN(len(all))]}
		var want error
		if o.rng.IntN(2) == 0 {
			order.Into = o.customer()
		}
		if order.Into != "" && o.root(order.Into) == root || order.Into == "" && len(order.Identities) == len(all) {
			want = ErrSame
		}
		l, err := o.db.Split(ctx, root, order, by, nil)
		if expect("split", err, want) {
			if order.Into == "" {
				o.into[l.To] = ""
			} else if l.To != o.root(order.Into) {
				o.t.Fatalf("moved to %s, want %s", l.To, o.root(order.Into))
			}
			for _, i := range order.Identities {
				o.move(o.count, i, l.To, false)
			}
		}
	case 5:
		id := o.any(slices.Collect(maps.Keys(o.home)))
		last := o.last(id)
		if last == nil {
			return
		}
		var link *Link
		for _, i := range must(o.db.Customer(ctx, o.home[id])).Identities {
			if i.ID == id {
				link = i.Link
			}
		}
		var back []string
		for i := range o.home {
			if l := o.last(i); l != nil && l.key == last.key && l.from != l.to {
				back = append(back, i)
			}
		}
		slices.Sort(back)
		var want error
		if last.from == last.to && len(back) == 0 {
			want = ErrConflict
		}
		got, err := o.db.UndoLink(ctx, link.ID, by, nil)
		if expect("undo a link", err, want) {
			if s := ids(got); s != ids(identitiesNamed(back)) {
				o.t.Fatalf("%s went back, want %v", s, back)
			}
			for _, i := range back {
				if from := o.last(i).from; from != "" {
					if _, ok := o.into[from]; !ok {
						o.into[from] = ""
					}
					o.move(o.count, i, from, false)
				}
			}
		}
	}
}

func identitiesNamed(list []string) (out []Identity) {
	for _, id := range list {
		out = append(out, Identity{ID: id})
	}
	return out
}

func (o *owners) undo(by Decided, expect func(string, error, error) bool) {
	ctx := o.t.Context()
	m := o.merges[o.rng.IntN(len(o.merges))]
	if m.undone {
		_, err := o.db.UndoMerge(ctx, m.id, nil, by, nil)
		expect("undo again", err, ErrConflict)
		return
	}
	p := must(o.db.PreviewUndo(ctx, m.id))
	root := o.root(m.from)
	delete(o.into, m.from) // for the model's own answer to what is on which side
	o.into[m.from] = ""
	want := map[string]string{}
	for _, i := range o.of(root) {
		want[i] = "into"
	}
	for _, i := range o.of(m.from) {
		want[i] = "from"
	}
	for i := range want {
		if was, ok := m.was[o.home[i]]; !ok || slices.Contains(was, i) {
			delete(want, i)
		}
	}
	var move []string
	got := map[string]string{}
	for _, s := range p.Since {
		got[s.Identity.ID] = s.Side
		if o.rng.IntN(3) == 0 {
			move = append(move, s.Identity.ID)
		}
	}
	if !maps.Equal(got, want) {
		o.t.Fatalf("asks about %v, want %v", got, want)
	}
	_, err := o.db.UndoMerge(ctx, m.id, move, by, nil)
	expect("undo", err, nil)
	m.undone = true
	for _, i := range move {
		o.move(o.count, i, map[string]string{"from": m.into, "into": m.from}[want[i]], false)
	}
}

// check compares the whole record with the model.
func (o *owners) check() {
	o.t.Helper()
	unflawed(o.t, o.db)
	ctx := o.t.Context()
	mine := map[string][]string{} // customer → touches
	for touch, i := range o.touches {
		r := o.root(o.home[i])
		mine[r] = append(mine[r], touch)
	}
	for c := range o.into {
		page := must(o.db.Customer(ctx, c))
		root := o.root(c)
		if page.Customer.ID != root || (page.MergedInto == "") != (root == c) {
			o.t.Fatalf("%s answers with %s, want %s", c, page.Customer.ID, root)
		}
		var has []string
		for _, i := range page.Identities {
			if has = append(has, i.ID); i.Home != o.home[i.ID] || i.Customer != root {
				o.t.Fatalf("%s is at home with %s and of %s, want %s and %s", i.ID, i.Home, i.Customer, o.home[i.ID], root)
			}
			if last := o.last(i.ID); (last == nil) != (i.Link == nil) || last != nil && (i.Link.To != last.to || i.Link.Verified != last.verified) {
				o.t.Fatalf("%s came by %+v, want %+v", i.ID, i.Link, last)
			}
		}
		slices.Sort(has)
		if want := o.of(root); !slices.Equal(has, want) {
			o.t.Fatalf("%s has %v, want %v", root, has, want)
		}
		var touches []string
		for _, x := range must(o.db.Timeline(ctx, c, "", 10_000)).Items {
			touches = append(touches, x.ID)
		}
		slices.Sort(touches)
		slices.Sort(mine[root])
		if !slices.Equal(touches, mine[root]) {
			o.t.Fatalf("%s has %d touches, want %d", c, len(touches), len(mine[root]))
		}
	}
}

// Any order of merges, their undoing, splits, links and new messages leaves every touch with its rightful owner.
func TestEveryTouchKeepsItsOwner(t *testing.T) {
	seeds, steps := uint64(6), 80
	if testenv.Raced {
		seeds, steps = 2, 40
	}
	for seed := range seeds {
		each(t, func(t *testing.T, db *DB, _ string) {
			o := newOwners(t, db, seed)
			for i := range steps {
				o.step()
				if i%4 == 3 {
					o.check()
				}
			}
			o.check()
			// All undone, each is as the evidence has it.
			for _, m := range o.merges {
				if !m.undone {
					must(db.UndoMerge(t.Context(), m.id, nil, Decided{At: 1}, nil))
					o.into[m.from] = ""
				}
			}
			o.check()
		})
	}
}

// Messages and proofs that are recorded while several nodes merge, part and split, and the indexes follow, land with whom they belong to.
func TestMessagesDuringMerges(t *testing.T) {
	each(t, func(t *testing.T, db *DB, address string) {
		ctx := t.Context()
		o := newOwners(t, db, 1)
		for range 40 {
			o.message()
		}
		o.f.write()
		done := make(chan struct{})
		var g sync.WaitGroup
		other := func(f func(db *DB, rng *rand.Rand) error) {
			mine := db
			if db.d.name == "postgres" {
				mine = open(t, address) // another node
			}
			rng := rand.New(rand.NewPCG(uint64(o.rng.Int64()), 1))
			g.Go(func() {
				for {
					select {
					case <-done:
						return
					default:
					}
					if err := f(mine, rng); err != nil && !errors.Is(err, ErrSame) && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) && !Unavailable(err) {
						t.Errorf("beside the recorder: %v", err)
						return
					}
				}
			})
		}
		customers := slices.Collect(maps.Keys(o.into))
		for range 2 {
			var merged []string
			other(func(db *DB, rng *rand.Rand) error {
				if len(merged) > 0 && rng.IntN(2) == 0 {
					id := merged[rng.IntN(len(merged))]
					merged = slices.DeleteFunc(merged, func(s string) bool { return s == id })
					_, err := db.UndoMerge(context.Background(), id, nil, Decided{At: 1}, nil)
					return err
				}
				m, err := db.Merge(context.Background(), customers[rng.IntN(len(customers))], customers[rng.IntN(len(customers))], "", Decided{At: 1}, nil)
				if err == nil {
					merged = append(merged, m.ID)
				}
				return err
			})
		}
		other(func(db *DB, rng *rand.Rand) error {
			_, err := db.IndexOnce(context.Background(), 30)
			if _, err2 := db.FindTwins(context.Background(), 1, 30); err == nil {
				err = err2
			}
			return err
		})
		batches := 150
		if testenv.Raced {
			batches = 50
		}
		for range batches {
			for range 1 + o.rng.IntN(5) {
				o.message()
			}
			for {
				err := db.Write(ctx, o.f.at, o.f.events)
				if err == nil {
					break
				}
				if !Unavailable(err) { // two who wait for each other: the recorder tries again
					t.Fatal(err)
				}
			}
			o.f.at, o.f.events = o.f.events[len(o.f.events)-1].ID, nil
		}
		close(done)
		g.Wait()
		// The model knows the homes; who was merged into whom is what the record says.
		type row struct{ id, into, root string }
		rows := must(collect(ctx, db.pool, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.id, &r.into, &r.root) }, "SELECT id, merged_into, root FROM customers"))
		for _, r := range rows {
			o.into[r.id] = r.into
		}
		merged := 0
		for _, r := range rows {
			root := o.root(r.id)
			if r.root != "" && r.root != root || r.root == "" && root != r.id {
				t.Errorf("%s has the root %q, want %s", r.id, r.root, root)
			}
			merged += int(flag(r.into != ""))
		}
		t.Logf("%d of %d customers are merged", merged, len(rows))
		o.check()
		index(t, db)
		for c := range o.into {
			if n := count(t, db, "SELECT count(*) FROM likenesses WHERE customer = $1", c); n > 0 && o.root(c) != c {
				t.Errorf("%s, who was merged away, is compared with others", c)
			}
		}
		for _, hit := range must(db.Search(ctx, "name", 100)).Customers {
			if o.root(hit.ID) != hit.ID {
				t.Errorf("%s, who was merged away, is found", hit.ID)
			}
		}
		found := map[string]bool{}
		for _, hit := range must(db.Search(ctx, "name", 100)).Customers {
			found[hit.ID] = true
		}
		for who := range 8 {
			if root := o.root(o.home[fmt.Sprint("i-", who)]); !found[root] {
				t.Errorf("%s is not found", root)
			}
		}
	})
}
