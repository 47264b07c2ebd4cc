package record

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Sections of what is found.
const (
	InCustomers     = "customers"
	InOrganisations = "organisations"
	InConversations = "conversations"
	InMessages      = "messages"
	InTouches       = "touches" // of no conversation: calls, purchases, …
)

// Sections are all of them.
var Sections = []string{InCustomers, InOrganisations, InConversations, InMessages, InTouches}

// SearchFor is a search.
type SearchFor struct {
	Query
	In     []string // of Sections; empty: all
	Limit  int      // of each section
	Before string   // Hits.Next: older messages and touches only. ErrCursor: of no search

	// Whispers are found by who they were for.
	User       string // who searches
	Sight      Sight  // what is hidden finds nobody
	Supervisor bool   // they find all
}

// Hits are what a search found, newest first.
type Hits struct {
	Text          string            `json:"text"`
	Filters       []QueryFilter     `json:"filters"`
	Customers     []CustomerHit     `json:"customers"`
	Organisations []OrganisationHit `json:"organisations"`
	Conversations []ConversationHit `json:"conversations"`
	Messages      []MessageHit      `json:"messages"`
	Touches       []MessageHit      `json:"touches"`
	Meant         []CustomerHit     `json:"meant"`   // whom the words name: messages and touches are theirs where none holds the words
	Next          string            `json:"next"`    // older messages and touches; "": none
	Indexed       int               `json:"indexed"` // percent of the record that can be found; less than 100 while it is indexed anew, the newest first
}

// CustomerHit is a customer with one of the addresses.
type CustomerHit struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Address string `json:"address"`
	Channel string `json:"channel"`
	Parts   []Part `json:"parts"` // of the name, or of the address when it is that
}

// OrganisationHit is an organisation.
type OrganisationHit struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Parts []Part `json:"parts"`
}

// WhoHit is whose a hit is, with the address it came from: by that one knows who has no name.
type WhoHit struct {
	CustomerName
	Address string `json:"address"` // "": none of their own
	Channel string `json:"channel"` // of the address
}

// scans are the places of whoColumns.
func (w *WhoHit) scans() []any { return []any{&w.ID, &w.Name, &w.Address, &w.Channel} }

// whoColumns are a WhoHit's; i is the identity, u the customer.
const whoColumns = `COALESCE(u.id, ''), ` + shownName + `, CASE WHEN i.channel <> '` + OwnChannel + `' THEN i.address ELSE '' END, COALESCE(i.channel, '')`

// ConversationHit is a conversation whose number, subject or tags were found.
type ConversationHit struct {
	ID       string   `json:"id"`
	Number   int64    `json:"number"`
	Subject  string   `json:"subject"`
	Status   string   `json:"status"`
	Queue    string   `json:"queue"`
	Channel  string   `json:"channel"`
	Tags     []string `json:"tags"`
	Customer WhoHit   `json:"customer"`
	At       Millis   `json:"at"` // of the last message
	Parts    []Part   `json:"parts"`
}

// MessageHit is a touch whose text was found.
type MessageHit struct {
	Touch        string `json:"touch"`
	Conversation string `json:"conversation"` // "": of none
	Number       int64  `json:"number"`
	Kind         string `json:"kind"`
	Inbound      bool   `json:"inbound"`
	Author       Actor  `json:"author"`
	Customer     WhoHit `json:"customer"`
	Channel      string `json:"channel"`
	At           Millis `json:"at"`
	Parts        []Part `json:"parts"`
	Snippet      string `json:"snippet"` // parts as one text

	n    int64
	text string
}

// Search finds what holds all the words of a text, at most limit of each section.
func (db *DB) Search(ctx context.Context, text string, limit int) (Hits, error) {
	return db.SearchFor(ctx, SearchFor{Query: ParseQuery(text, time.UTC, time.Now()), Limit: limit})
}

// SearchFor finds customers and organisations by the beginnings of names and addresses, or by names that are nearly so; conversations by number,
// subject and tags; messages and other touches that hold all the words or, when none does, whose last word begins like the query's.
func (db *DB) SearchFor(ctx context.Context, s SearchFor) (Hits, error) {
	h := Hits{Text: s.Text, Filters: []QueryFilter{}, Customers: []CustomerHit{}, Organisations: []OrganisationHit{}, Conversations: []ConversationHit{}, Messages: []MessageHit{}, Touches: []MessageHit{}, Meant: []CustomerHit{}}
	s.Filters = slices.Clone(s.Filters)
	f := &finder{db: db, q: db.asker(), now: time.Now(), SearchFor: s}
	f.names, f.conversed, f.touched = db.lists(f.q, ofNames), db.lists(f.q, ofConversations), db.lists(f.q, ofTouches)
	for _, l := range []*lists{f.names, f.conversed, f.touched} {
		l.spare = spareSets.Get().(*docSets)
		defer l.spare.free()
	}
	err := f.find(ctx, &h)
	if err != nil {
		err = fmt.Errorf("search: %w", err)
	}
	return h, err
}

func (f *finder) find(ctx context.Context, h *Hits) (err error) {
	if err := f.lookUp(ctx); err != nil {
		return err
	}
	h.Filters = append(h.Filters, f.Filters...)
	if f.view, err = f.db.view(ctx, f.q); err != nil {
		return err
	}
	if h.Indexed, err = f.view.percent(ctx, f.q); err != nil || f.Limit <= 0 || !f.plan() {
		return err
	}
	if err := f.know(ctx); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	if f.Before == "" {
		g.Go(func() error { return f.named(ctx, h) })
		g.Go(func() (err error) { h.Conversations, err = f.conversations(ctx); return err })
	}
	g.Go(func() error { return f.touches(ctx, h) })
	return g.Wait()
}

// percent is how much of the record can be found.
func (c *searchCursor) percent(ctx context.Context, q querier) (int, error) {
	if c.back == 0 && c.number == 0 {
		return 100, nil
	}
	var head int64
	if err := q.QueryRowContext(ctx, "SELECT n FROM log_cursor").Scan(&head); err != nil || head == 0 {
		return 100, err
	}
	return int(min(99, max(0, 100*(head-c.back)/head))), nil
}

// lookUp understands the filters that name people, queues and what else stands in the record.
func (f *finder) lookUp(ctx context.Context) error {
	for i := range f.Filters {
		x := &f.Filters[i]
		if x.Error != "" {
			continue
		}
		var err error
		switch x.Key {
		case "from":
			err = f.lookUpPerson(ctx, x)
		case "queue":
			err = f.db.lookUpQueue(ctx, f.q, x)
		case "channel", "tag":
			// Known is what a conversation, a customer or an organisation has, as far as it may be seen.
			m, spaces := match{all: []clause{{any: x.marks}}}, []*lists{f.conversed}
			if f.Sight.Sees(FieldTags) {
				spaces = append(spaces, f.names)
			}
			var found []int64
			for _, space := range spaces {
				if found, err = space.numbered(ctx, m, math.MaxInt64, 1); err != nil || len(found) > 0 {
					break
				}
			}
			if err != nil || len(found) > 0 {
				break
			}
			if x.Key == "channel" && channelNames[plainWord(x.Value)] == "" || x.Key == "tag" {
				x.Error = FilterUnknown
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *finder) lookUpPerson(ctx context.Context, x *QueryFilter) error {
	if w := plainWord(x.Value); f.User != "" && (w == "me" || w == "من" || w == "خودم") {
		x.Value, x.marks = f.User, [][]string{{markOf("author", f.User)}}
		return nil
	}
	words := Words(x.Value)
	if len(words) == 0 {
		x.Error = FilterUnknown
		return nil
	}
	type user struct{ id, name, public, email string }
	users, err := collect(ctx, f.q, func(rows *sql.Rows, u *user) error { return rows.Scan(&u.id, &u.name, &u.public, &u.email) }, "SELECT id, name, public_name, email FROM users")
	if err != nil {
		return err
	}
	for _, u := range users {
		known := Words(u.name + " " + u.public + " " + u.email)
		all := !slices.ContainsFunc(words, func(w string) bool {
			return !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, w) })
		})
		if (all || u.id == x.Value) && len(x.marks) < 20 {
			x.marks = append(x.marks, []string{markOf("author", u.id)})
		}
	}
	rows, err := f.names.nameRows(ctx, clausesOf(x.Value), f.Sight, 20)
	if err != nil {
		return err
	}
	var ids []string
	if len(rows) > 0 {
		in, args := oneOf(f.db.d, "r.n", 1, rows)
		ids, err = collect(ctx, f.q, scanText, "SELECT i.id FROM identities i JOIN customer_rows r ON r.customer = i.customer WHERE "+in+" LIMIT 60", args...)
	} else if len(x.marks) == 0 {
		ids, err = collect(ctx, f.q, scanText, "SELECT id FROM identities WHERE customer = $1 LIMIT 60", x.Value)
	}
	for _, id := range ids {
		x.marks = append(x.marks, []string{markOf("identity", id), markInbound})
	}
	if len(x.marks) == 0 {
		x.Error = FilterUnknown
	}
	return err
}

func (db *DB) lookUpQueue(ctx context.Context, q querier, f *QueryFilter) error {
	type queue struct{ id, name string }
	list, err := collect(ctx, q, func(rows *sql.Rows, v *queue) error { return rows.Scan(&v.id, &v.name) }, "SELECT id, name FROM queues ORDER BY archived, id")
	w := plainWord(f.Value)
	is := func(how func(s string) bool) bool {
		i := slices.IndexFunc(list, func(v queue) bool { return v.id == f.Value || how(plainWord(v.name)) })
		if i >= 0 {
			f.Value, f.marks = list[i].id, [][]string{{markOf("queue", list[i].id)}}
		}
		return i >= 0
	}
	if err == nil && !is(func(s string) bool { return s == w }) && !is(func(s string) bool { return strings.HasPrefix(s, w) }) {
		f.Error = FilterUnknown
	}
	return err
}
