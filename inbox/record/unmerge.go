package record

import (
	"cmp"
	"context"
	"slices"
)

// UndoPreview is what undoing a merge would do.
type UndoPreview struct {
	Merge   Merge        `json:"merge"`
	From    Side         `json:"from"` // goes back to what it was, with what has come to it since
	Into    Side         `json:"into"` // stays
	Since   []Since      `json:"since"`
	Touches int          `json:"touches"` // of From that came since; they go with their identities
	Fields  []ShownField `json:"fields"`  // From's and Into's own again, and what shows now
	Seen    string       `json:"seen"`
}

// Since is an identity that came while two customers were one. It stays with the side that its evidence names, unless somebody says that it
// is the other's.
type Since struct {
	Identity Identity `json:"identity"`
	Side     string   `json:"side"` // "from", "into"
	Touches  int      `json:"touches"`
}

// undoing reads a merge with the two parts that its tree would fall into. ErrNotFound; ErrConflict: it has been undone.
func undoing(ctx context.Context, q querier, id string) (part, rest tree, p UndoPreview, err error) {
	if p.Merge, err = single(collect(ctx, q, scanMerge, "SELECT "+mergeColumns+" FROM merges WHERE id = $1", id)); err != nil {
		return part, rest, p, err
	}
	if p.Merge.UndoneAt != 0 {
		return part, rest, p, ErrConflict
	}
	whole, err := profiles(ctx, q, p.Merge.From)
	if err != nil {
		return part, rest, p, err
	}
	part = whole.below(p.Merge.From)
	rest = whole.without(part)
	if p.From, err = sideOf(ctx, q, part); err != nil {
		return part, rest, p, err
	}
	if p.Into, err = sideOf(ctx, q, rest); err != nil {
		return part, rest, p, err
	}
	p.Since = []Since{}
	for side, s := range map[string]Side{"from": p.From, "into": p.Into} {
		for _, i := range s.Identities {
			if was, ok := p.Merge.was[i.Home]; ok && !slices.Contains(was, i.ID) {
				x := Since{Identity: i, Side: side}
				if err := q.QueryRowContext(ctx, "SELECT count(*) FROM touches WHERE identity = $1", i.ID).Scan(&x.Touches); err != nil {
					return part, rest, p, err
				}
				p.Since = append(p.Since, x)
			}
		}
	}
	slices.SortFunc(p.Since, func(a, b Since) int {
		return cmp.Or(cmp.Compare(a.Side, b.Side), cmp.Compare(a.Identity.ID, b.Identity.ID))
	})
	if err := q.QueryRowContext(ctx, "SELECT count(*) FROM touches WHERE n > "+placeholders(len(part.list)+1, 1)+
		" AND identity IN (SELECT id FROM identities WHERE home IN ("+placeholders(1, len(part.list))+"))", append(part.ids(), p.Merge.n)...).Scan(&p.Touches); err != nil {
		return part, rest, p, err
	}
	p.Fields = shownFields(part.shown(), rest.shown(), whole.shown())
	p.Seen = seenOf(p.From, p.Into)
	return part, rest, p, nil
}

// PreviewUndo tells what undoing a merge would do. ErrNotFound; ErrConflict: it has been undone.
func (db *DB) PreviewUndo(ctx context.Context, merge string) (UndoPreview, error) {
	var p UndoPreview
	_, err := db.read(ctx, func(q querier) (err error) {
		_, _, p, err = undoing(ctx, q, merge)
		return err
	})
	return p, err
}

// UndoMerge parts two customers again, whatever was merged and undone since: each has what is its own by the evidence. move are identities of
// the preview's Since that go to the other side. That they are not one is remembered. ErrNotFound; ErrConflict: it has been undone, is not as
// it was seen, or move names something else.
func (db *DB) UndoMerge(ctx context.Context, merge string, move []string, by Decided, note func(UndoPreview, Merge) Note) (m Merge, err error) {
	var p UndoPreview
	err = db.between(ctx, notesOf(note != nil, func() (*Changed, error) { return note(p, m)() }), func(q querier) (err error) {
		var part, rest tree
		if part, rest, p, err = undoing(ctx, q, merge); err != nil {
			return err
		}
		if by.Seen != "" && by.Seen != p.Seen {
			return ErrConflict
		}
		m = p.Merge
		m.UndoneAt, m.UndoneBy = max(by.At, 1), by.By
		run := runner(ctx, q, &err)
		run("UPDATE merges SET undone_at = $2, undone_by = $3 WHERE id = $1", m.ID, int64(m.UndoneAt), m.UndoneBy)
		run("UPDATE customers SET merged_into = '' WHERE id = $1", m.From)
		setRoots(run, part, m.From)
		run("UPDATE customers SET stale = 1, restage = 1, seek = seek + 1 WHERE id = $1", rest.root)
		dismissPair(run, m.From, m.Into, by)
		if err != nil {
			return err
		}
		change := NewID("l")
		for _, id := range move {
			at := slices.IndexFunc(p.Since, func(s Since) bool { return s.Identity.ID == id })
			if at < 0 {
				return ErrConflict
			}
			home, root := m.From, m.From
			if p.Since[at].Side == "from" {
				home, root = m.Into, rest.root
			}
			if err := moveHome(ctx, q, p.Since[at].Identity, home, root, Link{ID: change, Kind: LinkBack, At: by.At, By: by.By}); err != nil {
				return err
			}
		}
		return db.countAnew(ctx, q, by.Rules, m.From, rest.root)
	})
	return m, err
}
