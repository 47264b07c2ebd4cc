package record

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"strings"
	"time"
)

// finder is one search under way.
type finder struct {
	db   *DB
	q    querier
	view *searchView
	now  time.Time
	SearchFor

	names, conversed, touched *lists

	sections    []string
	filtered    bool // by anything but sections
	said        bool // by what was said, not by who they are
	tags        []clause
	only        bool     // by what conversations do not have: a kind, an author
	marks       []clause // of filters, for touches
	own         []clause // the same for conversations
	below, from int64    // when it happened
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
		if x.Key == "tag" {
			f.tags = append(f.tags, clause{any: x.marks})
		} else {
			f.said = true
		}
		switch x.Key {
		case "before":
			f.below = min(f.below, int64(x.at))
		case "after":
			f.from = max(f.from, int64(x.at))
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

// know looks up all that will be looked for, at once.
func (f *finder) know(ctx context.Context) error {
	of := []*lists{f.touched}
	all := slices.Concat(f.words, clausesWithBeginning(f.words), f.pairs, f.marks)
	if f.Before == "" {
		of = append(of, f.names, f.conversed)
		all = slices.Concat(all, f.tags, f.own, f.months(), []clause{{any: [][]string{{markFirm}}}})
		if !f.Sight.Sees(FieldAddress) {
			all = append(all, byName(clausesWithBeginning(f.words))...)
		}
	}
	return f.db.know(ctx, f.q, of, newLookup(match{all: all}).needles)
}

// loggedKinds are those of touches of no conversation.
var loggedKinds = []string{KindCall, KindShopVisit, KindPurchase, KindReturn, KindSelfService, KindProgramme, KindDelivery, KindEvent, KindVisit}

func (f *finder) without(section string) {
	f.sections = slices.DeleteFunc(f.sections, func(s string) bool { return s == section })
}

func (f *finder) wants(section string) bool { return slices.Contains(f.sections, section) }

func scanNumber(rows *sql.Rows, v *any) error {
	var n int64
	err := rows.Scan(&n)
	*v = n
	return err
}

func scanKey(rows *sql.Rows, n *int64) error { return rows.Scan(n) }

func scanText(rows *sql.Rows, s *string) error { return rows.Scan(s) }
