package record

import (
	"context"
	"database/sql"
	"fmt"
)

// States of a suggestion.
const (
	SuggestionOpen      = "open"
	SuggestionMerged    = "merged"
	SuggestionDismissed = "dismissed" // also: a merge of the two was undone, or the one was split off the other
)

// Suggestion is that two customers may be one person. Only people decide on it: what proves it has linked them already.
type Suggestion struct {
	ID        string        `json:"id"`    // follows from the two
	Score     int           `json:"score"` // percent
	Reasons   []Reason      `json:"reasons"`
	State     string        `json:"state"`
	At        Millis        `json:"at"`
	DecidedAt Millis        `json:"decided_at,omitempty"`
	DecidedBy string        `json:"decided_by,omitempty"`
	A         SuggestedSide `json:"a"` // known for at least as long as B
	B         SuggestedSide `json:"b"`

	a, b string
}

// SuggestedSide is one of the two.
type SuggestedSide struct {
	Known
	Customer   Customer   `json:"customer"`
	Identities []Identity `json:"identities"`
}

// Reason is what two customers share.
type Reason struct {
	Kind  string `json:"kind"`            // see reasonWeights
	Value string `json:"value,omitempty"` // the number or address
}

// reasonWeights are how likely each reason alone makes two customers one, in percent.
var reasonWeights = map[string]int{
	"named":  85, // what proved who one is named an address that the other has
	"email":  75,
	"phone":  70,
	"typed":  60, // what the one typed about itself is an address of the other, or what that typed
	"name":   50, // of several words, in any order and spelling of its script
	"start":  50, // the one opened an address that was made for the other, after another account had
	"device": 40, // one web visitor proved to be first the one, then the other
	"sound":  40, // a name in Persian and in Latin letters
}

// suggestFrom is the score from which on two are suggested.
const suggestFrom = 40

// score takes reasons as independent of each other: percent.
func score(reasons []Reason) int {
	not := 1.0
	seen := map[string]bool{}
	for _, r := range reasons {
		if !seen[r.Kind] {
			seen[r.Kind] = true
			not *= 1 - float64(reasonWeights[r.Kind])/100
		}
	}
	return min(int(100*(1-not)+0.5), 99)
}

// inOrder gives a pair in the order in which it stands.
func inOrder(a, b string) (string, string) { return min(a, b), max(a, b) }

// pairID is the id of a pair's suggestion, alike on every node.
func pairID(a, b string) string {
	a, b = inOrder(a, b)
	return derived("pair", a, b)
}

// dismissPair remembers that two customers are not one.
func dismissPair(run func(string, ...any), a, b string, by Decided) {
	a, b = inOrder(a, b)
	run(`INSERT INTO suggestions (id, a, b, score, reasons, state, created_at, decided_at, decided_by) VALUES ($1, $2, $3, 0, '[]', 'dismissed', $4, $4, $5)
		ON CONFLICT (id) DO UPDATE SET state = 'dismissed', decided_at = excluded.decided_at, decided_by = excluded.decided_by`, pairID(a, b), a, b, int64(by.At), by.By)
}

const suggestionColumns = "s.id, s.a, s.b, s.score, s.reasons, s.state, s.created_at, s.decided_at, s.decided_by"

func scanSuggestion(rows *sql.Rows, s *Suggestion) error {
	s.Reasons = []Reason{}
	return rows.Scan(&s.ID, &s.a, &s.b, &s.Score, asJSON{&s.Reasons}, &s.State, &s.At, &s.DecidedAt, &s.DecidedBy)
}

// SuggestionFilter chooses suggestions.
type SuggestionFilter struct {
	State    string // "": open
	Customer string // one of the two; "": all
	Before   string // Suggestions.Next of the page before
	Limit    int    // at most 200; 0: 50
}

// Suggestions is a piece of their list, the most likely first.
type Suggestions struct {
	Items  []Suggestion   `json:"items"`
	Next   string         `json:"next"`   // "" at the end
	Counts map[string]int `json:"counts"` // by state: of all pieces
}

// Suggestions lists them. ErrCursor; ErrNotFound: no such customer.
func (db *DB) Suggestions(ctx context.Context, f SuggestionFilter) (Suggestions, error) {
	page := Suggestions{Items: []Suggestion{}, Counts: map[string]int{SuggestionOpen: 0, SuggestionMerged: 0, SuggestionDismissed: 0}}
	score, id := int64(always), ""
	if f.Before != "" {
		if n, err := fmt.Sscanf(f.Before, "%d.%s", &score, &id); err != nil || n != 2 {
			return page, ErrCursor
		}
	}
	if f.State == "" {
		f.State = SuggestionOpen
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	f.Limit = min(f.Limit, 200)
	_, err := db.read(ctx, func(q querier) error {
		if f.Customer != "" {
			root, err := rootOf(ctx, q, f.Customer)
			if err != nil {
				return err
			}
			f.Customer = root
		}
		// Of those that were merged meanwhile the finder has not heard yet.
		const chosen = ` FROM suggestions s JOIN customers x ON x.id = s.a JOIN customers y ON y.id = s.b
			WHERE (s.state <> 'open' OR x.root = '' AND y.root = '') AND ($1 = '' OR s.a = $1 OR s.b = $1)`
		list, err := collect(ctx, q, scanSuggestion, "SELECT "+suggestionColumns+chosen+`
			AND s.state = $2 AND (s.score < $3 OR s.score = $3 AND s.id < $4) ORDER BY s.score DESC, s.id DESC LIMIT $5`, f.Customer, f.State, score, id, f.Limit+1)
		if err != nil {
			return err
		}
		type count struct {
			state string
			n     int
		}
		counts, err := collect(ctx, q, func(rows *sql.Rows, c *count) error { return rows.Scan(&c.state, &c.n) }, "SELECT s.state, COUNT(*)"+chosen+" GROUP BY s.state", f.Customer)
		if err != nil {
			return err
		}
		for _, c := range counts {
			page.Counts[c.state] = c.n
		}
		if len(list) > f.Limit {
			list = list[:f.Limit]
			page.Next = fmt.Sprintf("%d.%s", list[f.Limit-1].Score, list[f.Limit-1].ID)
		}
		for i := range list {
			for id, side := range map[string]*SuggestedSide{list[i].a: &list[i].A, list[i].b: &list[i].B} {
				t, err := treeOf(ctx, q, id)
				if err != nil {
					return err
				}
				side.Customer = t.shown()
				if side.Known, err = t.known(ctx, q); err != nil {
					return err
				}
				if side.Identities, err = t.identities(ctx, q); err != nil {
					return err
				}
				side.Identities = side.Identities[:min(len(side.Identities), 10)]
			}
			if s := &list[i]; s.B.Customer.CreatedAt < s.A.Customer.CreatedAt {
				s.A, s.B = s.B, s.A
			}
		}
		page.Items = list
		return nil
	})
	return page, err
}

// decide sets an open suggestion's state. ErrNotFound; ErrConflict: it is not open.
func decide(ctx context.Context, q querier, id, state string, by Decided) (Suggestion, error) {
	s, err := single(collect(ctx, q, scanSuggestion, "SELECT "+suggestionColumns+" FROM suggestions s WHERE s.id = $1", id))
	if err != nil {
		return s, err
	}
	if s.State != SuggestionOpen {
		return s, ErrConflict
	}
	s.State, s.DecidedAt, s.DecidedBy = state, by.At, by.By
	_, err = q.ExecContext(ctx, "UPDATE suggestions SET state = $2, decided_at = $3, decided_by = $4 WHERE id = $1", id, state, int64(by.At), by.By)
	return s, err
}

// AcceptSuggestion merges the two, into the one that is named. ErrNotFound; ErrConflict: it is not open, or not as it was seen, or into is none
// of them; ErrSame: they are one already.
func (db *DB) AcceptSuggestion(ctx context.Context, id, into string, by Decided, note func(MergePreview, Merge) Note) (m Merge, err error) {
	var p MergePreview
	err = db.between(ctx, notesOf(note != nil, func() (*Changed, error) { return note(p, m)() }), func(q querier) error {
		s, err := decide(ctx, q, id, SuggestionMerged, by)
		if err != nil {
			return err
		}
		from := s.a
		switch into {
		case s.a:
			from = s.b
		case s.b:
		default:
			return ErrConflict
		}
		m, p, err = db.merge(ctx, q, from, into, "", by)
		return err
	})
	return m, err
}

// DismissSuggestion remembers that the two are not one. ErrNotFound; ErrConflict: it is not open.
func (db *DB) DismissSuggestion(ctx context.Context, id string, by Decided, notes ...Note) error {
	return db.between(ctx, notes, func(q querier) error {
		_, err := decide(ctx, q, id, SuggestionDismissed, by)
		return err
	})
}
