package record

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// finder is one search under way.
type finder struct {
	db *DB
	q  querier
	SearchFor

	sections    []string
	filtered    bool     // by anything but sections
	only        bool     // by what conversations do not have: a kind, an author
	marks       []clause // of filters, for touches
	own         []clause // the same for conversations
	below, from int64    // keys
	statuses    []string
}

// plan reads the filters; false: nothing is searched for.
func (f *finder) plan() bool {
	f.sections = slices.Clone(f.In)
	if len(f.sections) == 0 {
		f.sections = slices.Clone(Sections)
	}
	var in []string
	f.below, f.from = math.MaxInt64, math.MinInt64
	said := len(f.words) > 0
	var own []clause
	for _, x := range f.Filters {
		if x.Error != "" {
			continue
		}
		if x.Key == "in" {
			in = append(in, x.Value)
			continue
		}
		f.filtered, said = true, true
		switch x.Key {
		case "before":
			f.below = min(f.below, keyOf(x.at))
		case "after":
			f.from = max(f.from, keyOf(x.at))
		case "status":
			f.without(InTouches)
			f.statuses = append(f.statuses, x.Value)
			own = append(own, clause{any: [][]string{{markOf("status", x.Value)}}})
		case "kind":
			f.only = true
			switch {
			case slices.Contains(loggedKinds, x.Value) || strings.HasPrefix(x.Value, "x_"):
				f.without(InMessages)
			case x.Value != KindRating && x.Value != KindNote:
				f.without(InTouches)
			}
			f.marks = append(f.marks, clause{any: x.marks})
		case "from":
			f.marks = append(f.marks, clause{any: x.marks})
			var who clause
			for _, way := range x.marks {
				if len(way) > 1 {
					who.any = append(who.any, way[:1])
				}
			}
			if len(who.any) == 0 {
				f.only = true
			}
			own = append(own, who)
		default:
			if x.Key != "channel" { // queues and tags are conversations'
				f.without(InTouches)
			}
			f.marks = append(f.marks, clause{any: x.marks})
			own = append(own, clause{any: x.marks})
		}
	}
	f.own = own
	if len(in) > 0 {
		f.sections = slices.DeleteFunc(f.sections, func(s string) bool { return !slices.Contains(in, s) })
	}
	return said
}

// loggedKinds are those of touches of no conversation.
var loggedKinds = []string{KindCall, KindShopVisit, KindPurchase, KindReturn, KindSelfService, KindProgramme, KindDelivery, KindEvent, KindVisit}

func (f *finder) without(section string) {
	f.sections = slices.DeleteFunc(f.sections, func(s string) bool { return s == section })
}

func (f *finder) wants(section string) bool { return slices.Contains(f.sections, section) }

// named finds customers and organisations. Filters are of what was said, not of who they are.
func (f *finder) named(ctx context.Context, h *Hits) error {
	if f.filtered || len(f.words) == 0 || len(f.phrases) > 0 {
		return nil
	}
	marked := clausesWithBeginning(f.words)
	if f.wants(InCustomers) {
		rows, err := f.db.nameRows(ctx, f.q, f.words, false, f.Sight, f.Limit)
		if err != nil {
			return err
		}
		if h.Customers, err = f.db.customerHits(ctx, f.q, rows, marked); err != nil {
			return err
		}
	}
	if f.wants(InOrganisations) {
		rows, err := f.db.nameRows(ctx, f.q, f.words, true, f.Sight, f.Limit)
		if err != nil || len(rows) == 0 {
			return err
		}
		type row struct {
			n int64
			o OrganisationHit
		}
		list, err := collect(ctx, f.q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.n, &r.o.ID, &r.o.Name) },
			"SELECT r.n, o.id, o.name FROM customer_rows r JOIN organisations o ON o.id = r.customer WHERE r.n IN ("+placeholders(1, len(rows))+")", rows...)
		if err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b row) int { return slices.Index(rows, any(a.n)) - slices.Index(rows, any(b.n)) })
		for _, r := range list {
			r.o.Parts = parts(r.o.Name, hits(r.o.Name, marked, nil), 200)
			h.Organisations = append(h.Organisations, r.o)
		}
	}
	return nil
}

func clausesWithBeginning(words []clause) []clause {
	out := slices.Clone(words)
	if n := len(out); n > 0 {
		out[n-1] = out[n-1].beginning()
	}
	return out
}

// customerHits reads rows of customer_rows in their order.
func (db *DB) customerHits(ctx context.Context, q querier, found []any, words []clause) ([]CustomerHit, error) {
	out := []CustomerHit{}
	if len(found) == 0 {
		return out, nil
	}
	type row struct {
		n int64
		c CustomerHit
	}
	list, err := collect(ctx, q, func(rows *sql.Rows, r *row) error {
		return rows.Scan(&r.n, &r.c.ID, &r.c.Name, &r.c.Address, &r.c.Channel)
	},
		`SELECT r.n, u.id, `+shownName+`, COALESCE(i.address, ''), COALESCE(i.channel, '') FROM customer_rows r JOIN customers u ON u.id = r.customer
		LEFT JOIN identities i ON i.id = (SELECT id FROM identities WHERE customer = u.id ORDER BY created_at, id LIMIT 1)
		WHERE r.n IN (`+placeholders(1, len(found))+")", found...)
	slices.SortFunc(list, func(a, b row) int { return slices.Index(found, any(a.n)) - slices.Index(found, any(b.n)) })
	for _, r := range list {
		at := hits(r.c.Name, words, nil)
		if r.c.Parts = parts(r.c.Name, at, 200); len(at) == 0 {
			if at := addressHits(r.c.Address, words); len(at) > 0 || r.c.Name == "" {
				r.c.Parts = parts(r.c.Address, at, 200)
			}
		}
		out = append(out, r.c)
	}
	return out, err
}

// addressHits also finds the digits of a telephone number that was asked for as it is dialled at home.
func addressHits(address string, words []clause) [][2]int {
	found := hits(address, words, nil)
	if len(found) > 0 || !strings.HasPrefix(address, "+") {
		return found
	}
	for _, c := range words {
		for _, way := range c.any {
			w := strings.TrimLeft(strings.TrimSuffix(way[len(way)-1], "*"), "0"+mark)
			if i := strings.Index(address, w); i > 0 && len(w) > 1 && isNumber(w) {
				return [][2]int{{i, i + len(w)}}
			}
		}
	}
	return nil
}

// maxConversations bounds how many conversations are looked at for their time and phrases.
const maxConversations = 300

func (f *finder) conversations(ctx context.Context) ([]ConversationHit, error) {
	out := []ConversationHit{}
	if !f.wants(InConversations) || f.only || len(f.words)+len(f.own) == 0 {
		return out, nil
	}
	m := match{all: slices.Concat(f.words, f.own)}
	below, err := f.numberBelow(ctx)
	if err != nil {
		return out, err
	}
	numbers, err := f.db.conversationRows(ctx, f.q, m, below, f.Limit)
	if err == nil && len(numbers) == 0 && f.typing && len(f.words) > 0 {
		m.all = slices.Concat(clausesWithBeginning(f.words), f.own)
		numbers, err = f.db.conversationRows(ctx, f.q, m, below, f.Limit)
	}
	for looked := 0; err == nil && len(numbers) > 0; {
		list, err := collect(ctx, f.q, func(rows *sql.Rows, c *ConversationHit) error {
			var tags string
			err := rows.Scan(&c.ID, &c.Number, &c.Subject, &c.Status, &c.Queue, &c.Channel, &tags, &c.At, &c.Customer.ID, &c.Customer.Name)
			c.Tags = strings.FieldsFunc(tags, func(r rune) bool { return r == '\n' })
			return err
		}, `SELECT c.id, c.number, COALESCE(b.subject, ''), c.status, c.queue, c.channel, c.tags, c.last_message_at, COALESCE(u.id, ''), `+shownName+`
			FROM conversations c LEFT JOIN bodies b ON b.n = c.subject_n LEFT JOIN identities i ON i.id = c.identity LEFT JOIN customers u ON u.id = i.customer
			WHERE c.number IN (`+placeholders(1, len(numbers))+") ORDER BY c.number DESC", numbers...)
		if err != nil {
			return out, err
		}
		for _, c := range list {
			if len(out) < f.Limit && keyOf(c.At) < f.below && keyOf(c.At) >= f.from && (len(f.phrases) == 0 || holds(c.Subject, f.phrases)) {
				c.Parts = parts(c.Subject, hits(c.Subject, m.all, f.phrases), 160)
				out = append(out, c)
			}
		}
		looked += len(numbers)
		if len(numbers) < f.Limit || len(out) == f.Limit || looked >= maxConversations {
			break
		}
		if numbers, err = f.db.conversationRows(ctx, f.q, m, numbers[len(numbers)-1].(int64), max(f.Limit, 100)); err != nil {
			return out, err
		}
	}
	return out, err
}

// numberBelow is above the numbers of conversations that began before the time that is asked for: numbers follow time.
func (f *finder) numberBelow(ctx context.Context) (int64, error) {
	if f.below == math.MaxInt64 {
		return math.MaxInt64, nil
	}
	var n int64
	err := f.q.QueryRowContext(ctx, `SELECT COALESCE(MAX(c.number), 0) + 1 FROM (SELECT n FROM search_docs WHERE key < $1 ORDER BY key DESC LIMIT 50) AS d
		JOIN touches t ON t.n = d.n JOIN conversations c ON c.id = t.conversation`, f.below).Scan(&n)
	return n, err
}

// conversationRows finds conversations by number, newest first, as arguments for the next statement.
func (db *DB) conversationRows(ctx context.Context, q querier, m match, below int64, limit int) ([]any, error) {
	if !db.d.labelled {
		var err error
		if m, err = db.spellOut(ctx, q, m); err != nil {
			return nil, err
		}
	}
	return collect(ctx, q, scanNumber, db.d.findConversations, db.d.wordQuery(m, ""), below, limit)
}

// maxLooked bounds how many documents are read for one page; what is left is on the next.
const maxLooked = 1000

// touches finds messages and other touches.
func (f *finder) touches(ctx context.Context, h *Hits) error {
	// The position: of each of both where it goes on, and whether the last word is a beginning.
	at := [2]searchPlace{{key: f.below}, {key: f.below}}
	if f.Before != "" {
		parts := strings.Split(f.Before, ".")
		if len(parts) != 2 {
			return ErrCursor
		}
		for i, p := range parts {
			if err := at[i].read(p); err != nil {
				return err
			}
			at[i].key = min(at[i].key, f.below)
		}
	}
	next := [2]string{"-", "-"}
	g, ctx := errgroup.WithContext(ctx)
	for i, section := range []string{InMessages, InTouches} {
		if !f.wants(section) || at[i].end {
			continue
		}
		g.Go(func() error {
			list, more, err := f.section(ctx, section, at[i])
			next[i] = more.String()
			if list != nil && section == InMessages {
				h.Messages = list
			} else if list != nil {
				h.Touches = list
			}
			return err
		})
	}
	err := g.Wait()
	if next != [2]string{"-", "-"} {
		h.Next = next[0] + "." + next[1]
	}
	return err
}

// section finds a page of messages or of other touches, and where the next begins.
func (f *finder) section(ctx context.Context, section string, at searchPlace) (list []MessageHit, more searchPlace, err error) {
	m := match{all: slices.Concat(f.words, f.marks)}
	if section == InMessages {
		m.not = []string{markLogged}
	} else {
		m.all = append(m.all, clause{any: [][]string{{markLogged}}})
	}
	if f.User == "" && !f.Supervisor {
		m.not = append(m.not, markWhisper)
	}
	if !at.begins {
		list, more, err = f.page(ctx, m, at.key)
		if err != nil || !f.typing || f.Before != "" || len(list) > 0 || !more.end || len(f.words) == 0 {
			return list, more, err
		}
	}
	m.all = slices.Concat(clausesWithBeginning(f.words), m.all[len(f.words):])
	list, more, err = f.page(ctx, m, at.key)
	more.begins = true
	return list, more, err
}

// searchPlace is where a page goes on.
type searchPlace struct {
	key    int64
	begins bool // the last word is a beginning
	end    bool
}

func (p searchPlace) String() string {
	switch {
	case p.end:
		return "-"
	case p.begins:
		return "b" + strconv.FormatInt(p.key, 36)
	}
	return "w" + strconv.FormatInt(p.key, 36)
}

func (p *searchPlace) read(s string) (err error) {
	switch {
	case s == "-":
		p.end = true
		return nil
	case len(s) < 2 || s[0] != 'b' && s[0] != 'w':
		return ErrCursor
	}
	p.begins = s[0] == 'b'
	if p.key, err = strconv.ParseInt(s[1:], 36, 64); err != nil {
		return ErrCursor
	}
	return nil
}

// page finds at most Limit touches below a key.
func (f *finder) page(ctx context.Context, m match, below int64) ([]MessageHit, searchPlace, error) {
	var out []MessageHit
	// Nothing is asked for but a time: the index's order itself is read.
	timeOnly := len(m.all) == 0
	checks := timeOnly || len(f.phrases) > 0 || len(f.statuses) > 0
	from := f.from
	if len(f.statuses) > 0 {
		since, err := f.openSince(ctx)
		if err != nil {
			return nil, searchPlace{}, err
		}
		from = max(from, since)
	}
	size := f.Limit + 1
	for looked := 0; ; {
		keys, err := f.db.touchKeys(ctx, f.q, m, below, from, size)
		if err != nil {
			return nil, searchPlace{}, err
		}
		fit := keys
		if checks {
			if fit, err = f.fitting(ctx, keys, m, timeOnly); err != nil {
				return nil, searchPlace{}, err
			}
		}
		read := fit[:min(len(fit), f.Limit+1-len(out))]
		list, err := f.db.touchHits(ctx, f.q, read)
		if err != nil {
			return nil, searchPlace{}, err
		}
		if list, err = f.heard(ctx, list); err != nil {
			return nil, searchPlace{}, err
		}
		for i := range list {
			if len(out) == f.Limit {
				return f.shown(out, m), searchPlace{key: out[len(out)-1].key}, nil
			}
			out = append(out, list[i])
		}
		looked += len(keys)
		switch {
		case len(read) < len(fit):
			below = read[len(read)-1]
		case len(keys) < size:
			return f.shown(out, m), searchPlace{end: true}, nil
		default:
			below = keys[len(keys)-1]
		}
		if looked >= maxLooked {
			return f.shown(out, m), searchPlace{key: below}, nil
		}
		if checks {
			size = min(4*size, 500)
		}
	}
}

// openSince is the first key that a touch of a conversation can have that is not resolved; the first of all when resolved ones are asked for.
func (f *finder) openSince(ctx context.Context) (int64, error) {
	marks := clause{}
	for _, s := range f.statuses {
		if s == string(Resolved) {
			return math.MinInt64, nil
		}
		marks.any = append(marks.any, []string{markOf("status", s)})
	}
	var n int64
	query := f.db.d.wordQuery(match{all: []clause{marks}}, "")
	if err := f.q.QueryRowContext(ctx, f.db.d.firstConversation, query).Scan(&n); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return math.MaxInt64, nil
		}
		return 0, err
	}
	var at Millis
	err := f.q.QueryRowContext(ctx, `SELECT t.happened_at FROM conversations c JOIN touches t ON t.conversation = c.id WHERE c.number = $1 ORDER BY t.n LIMIT 1`, n).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return math.MinInt64, nil
	}
	return keyOf(at), err
}

// fitting leaves of documents those that the index alone could not tell: by phrases, by the state of their conversation.
func (f *finder) fitting(ctx context.Context, keys []int64, m match, timeOnly bool) ([]int64, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	type document struct {
		key                                       int64
		conversation, status, subject, text, data string
	}
	text := "'', '', '' FROM search_docs d JOIN touches t ON t.n = d.n"
	if len(f.phrases) > 0 {
		text = "COALESCE(b.subject, ''), COALESCE(b.text, ''), COALESCE(x.json, '') FROM search_docs d JOIN touches t ON t.n = d.n LEFT JOIN bodies b ON b.n = d.n LEFT JOIN touch_data x ON x.n = d.n"
	}
	list, err := collect(ctx, f.q, func(rows *sql.Rows, v *document) error {
		return rows.Scan(&v.key, &v.conversation, &v.status, &v.subject, &v.text, &v.data)
	}, "SELECT d.key, t.conversation, COALESCE(c.status, ''), "+text+" LEFT JOIN conversations c ON c.id = t.conversation WHERE d.key IN ("+placeholders(1, len(keys))+") ORDER BY d.key DESC", anys(keys)...)
	if err != nil {
		return nil, err
	}
	var out []int64
	for i := range list {
		v := &list[i]
		if timeOnly && (v.conversation == "") == slices.Contains(m.not, markLogged) ||
			len(f.phrases) > 0 && !holds(documentText(v.subject, v.text, v.data), f.phrases) ||
			slices.ContainsFunc(f.statuses, func(s string) bool {
				return v.status != s && (s != "open" || v.status == "" || v.status == string(Resolved))
			}) {
			continue
		}
		out = append(out, v.key)
	}
	return out, nil
}

// heard leaves out whispers that were for others.
func (f *finder) heard(ctx context.Context, list []MessageHit) ([]MessageHit, error) {
	if f.Supervisor {
		return list, nil
	}
	var whispers []uint64
	for _, v := range list {
		if v.Kind == KindWhisper {
			whispers = append(whispers, uint64(v.n))
		}
	}
	if len(whispers) == 0 {
		return list, nil
	}
	owners, err := ownersAt(ctx, f.q, whispers)
	return slices.DeleteFunc(list, func(v MessageHit) bool {
		return v.Kind == KindWhisper && (f.User == "" || owners[uint64(v.n)] != f.User)
	}), err
}

// shown makes the parts.
func (f *finder) shown(list []MessageHit, m match) []MessageHit {
	for i := range list {
		v := &list[i]
		v.Parts = parts(v.text, hits(v.text, m.all, f.phrases), 160)
		v.Snippet = whole(v.Parts)
	}
	return list
}

// touchHits reads documents, newest first.
func (db *DB) touchHits(ctx context.Context, q querier, keys []int64) ([]MessageHit, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	return collect(ctx, q, func(rows *sql.Rows, m *MessageHit) error {
		var subject, body, data string
		err := rows.Scan(&m.key, &m.n, &m.Touch, &m.Kind, &m.Conversation, &m.Inbound, &m.Author.Kind, &m.Author.ID, &m.Channel, &m.At,
			&m.Number, &m.Customer.ID, &m.Customer.Name, &subject, &body, &data)
		m.text = documentText(subject, body, data)
		return err
	}, `SELECT d.key, t.n, t.id, t.kind, t.conversation, t.inbound, t.author_kind, t.author, t.channel, t.happened_at,
		COALESCE(c.number, 0), COALESCE(u.id, ''), `+shownName+`, COALESCE(b.subject, ''), COALESCE(b.text, ''), COALESCE(x.json, '')
		FROM search_docs d JOIN touches t ON t.n = d.n LEFT JOIN bodies b ON b.n = t.n LEFT JOIN conversations c ON c.id = t.conversation
		LEFT JOIN identities i ON i.id = t.identity LEFT JOIN customers u ON u.id = i.customer LEFT JOIN touch_data x ON x.n = t.n
		WHERE d.key IN (`+placeholders(1, len(keys))+") ORDER BY d.key DESC", anys(keys)...)
}

func scanNumber(rows *sql.Rows, v *any) error {
	var n int64
	err := rows.Scan(&n)
	*v = n
	return err
}

func scanKey(rows *sql.Rows, n *int64) error { return rows.Scan(n) }

func scanText(rows *sql.Rows, s *string) error { return rows.Scan(s) }

// matching finds what a list is narrowed to by a text: conversations by their messages (of the 200 newest), subjects and tags (200), identities
// by their customers (the 200 newest), a number.
func (db *DB) matching(ctx context.Context, q querier, text string, sight Sight) (conversations, identities []string, number int64, err error) {
	query := ParseQuery(text, time.UTC, time.Now())
	words := clausesOf(text)
	words = words[:min(len(words), maxClauses)]
	if len(words) == 0 {
		return nil, nil, 0, nil
	}
	if w := Words(text); len(w) == 1 {
		number, _ = strconv.ParseInt(w[0], 10, 64)
	}
	for _, begins := range []bool{false, true} {
		m := match{all: words, not: []string{markLogged, markWhisper}}
		if begins {
			m.all = clausesWithBeginning(words)
		}
		if begins && !query.typing {
			break
		}
		keys, err := db.touchKeys(ctx, q, m, math.MaxInt64, math.MinInt64, 200)
		if err != nil {
			return nil, nil, 0, err
		}
		if len(keys) == 0 {
			continue
		}
		args := anys(keys)
		if conversations, err = collect(ctx, q, scanText, "SELECT DISTINCT t.conversation FROM search_docs d JOIN touches t ON t.n = d.n WHERE d.key IN ("+placeholders(1, len(args))+")", args...); err != nil {
			return nil, nil, 0, err
		}
		break
	}
	rows, err := db.conversationRows(ctx, q, match{all: clausesWithBeginning(words)}, math.MaxInt64, 200)
	if err == nil && len(rows) > 0 {
		var more []string
		more, err = collect(ctx, q, scanText, "SELECT id FROM conversations WHERE number IN ("+placeholders(1, len(rows))+")", rows...)
		conversations = append(conversations, more...)
	}
	if err != nil {
		return nil, nil, 0, err
	}
	rows, err = db.nameRows(ctx, q, words, false, sight, 200)
	if err == nil && len(rows) > 0 {
		identities, err = collect(ctx, q, scanText, `SELECT i.id FROM identities i JOIN customer_rows r ON r.customer = i.customer
			WHERE r.n IN (`+placeholders(1, len(rows))+") LIMIT 1000", rows...)
	}
	return conversations, identities, number, err
}
