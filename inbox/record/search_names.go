package record

import (
	"context"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Customers and organisations are found by the beginnings of names and addresses; when that finds too few, by names that are written or
// sound nearly like it.

// nearlyFrom is how many letters a word needs to be found with so many of them wrong.
const oneWrongFrom, twoWrongFrom = 4, 8

func wrongLetters(w string) int {
	switch n := utf8.RuneCountInString(w); {
	case n >= twoWrongFrom:
		return 2
	case n >= oneWrongFrom:
		return 1
	}
	return 0
}

// spellings are the keys that a word of a name is looked up by when it is misspelled: itself, without each one and each two of its letters,
// and how it sounds. Two words that differ in one letter, or in the order of two, share one. None for what is no name.
func spellings(w string) []string {
	n := utf8.RuneCountInString(w)
	if n < oneWrongFrom-1 || n > 20 || strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		return nil
	}
	less := 1
	if n >= twoWrongFrom-1 {
		less = 2
	}
	keys := without(w, less)
	if sound, script := soundOf(w); script != "" && len(sound) >= 2 {
		keys = append(keys, "~"+sound)
	}
	return keys
}

// without is a word and all that is left of it without up to so many letters.
func without(w string, less int) []string {
	out := []string{w}
	last := out
	for range less {
		var next []string
		for _, s := range last {
			r := []rune(s)
			for i := range r {
				if i > 0 && r[i] == r[i-1] {
					continue
				}
				next = append(next, string(r[:i])+string(r[i+1:]))
			}
		}
		slices.Sort(next)
		last = slices.Compact(next)
		out = append(out, last...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// nearly finds the words of names that one may be a misspelling of, or that sound alike in another script.
func (s *lists) nearly(ctx context.Context, w string) ([]string, error) {
	keys := spellings(w)
	if len(keys) == 0 {
		return nil, nil
	}
	in, args := oneOf(s.db.d, "key", 1, keys)
	list, err := collect(ctx, s.q, scanText, "SELECT DISTINCT word FROM search_names WHERE "+in+" LIMIT 500", args...)
	wrong := wrongLetters(w)
	sound, script := soundOf(w)
	list = slices.DeleteFunc(list, func(other string) bool {
		if other == w {
			return true
		}
		if wrong > 0 && apart(w, other) <= wrong {
			return false
		}
		s, of := soundOf(other)
		return s != sound || of == "" || len(s) < 2 || len(s) == 2 && of == script
	})
	slices.SortFunc(list, func(a, b string) int { return apart(w, a) - apart(w, b) })
	return list[:min(len(list), 20)], err
}

// apart is by how many letters two words differ: added, left out, replaced, or two that are exchanged.
func apart(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}

// nameSearch looks for customers and organisations: those with all words, of which the last may be the beginning of one; behind them, when
// they are too few, those whose names are nearly as written. Customers are found only by what the searcher may see of them.
type nameSearch struct {
	words, more []clause // more: marks
	sight       Sight
	nearly      []clause // the words as they may have been meant; nil: not looked for yet, empty: nothing else
}

// exact is what is looked for first.
func (n *nameSearch) exact(firms bool) match { return n.match(clausesWithBeginning(n.words), firms) }

func (n *nameSearch) match(words []clause, firms bool) match {
	if !firms && !n.sight.Sees(FieldAddress) {
		words = byName(words)
	}
	m := match{all: slices.Concat(words, n.more)}
	if firms {
		m.all = append(m.all, clause{any: [][]string{{markFirm}}})
	} else {
		m.not = []string{markFirm}
	}
	return m
}

// rows finds rows of customer_rows, the newest first.
func (n *nameSearch) rows(ctx context.Context, of *lists, firms bool, limit int) ([]int64, error) {
	if !firms && !n.sight.Sees(FieldName) {
		return nil, nil
	}
	found, err := of.numbered(ctx, n.exact(firms), math.MaxInt64, limit)
	if err != nil || len(found) >= limit || len(n.words) == 0 {
		return found, err
	}
	if n.nearly == nil {
		if n.nearly, err = of.misspelled(ctx, n.words); err != nil {
			return nil, err
		}
	}
	if len(n.nearly) == 0 {
		return found, nil
	}
	wide, err := of.numbered(ctx, n.match(n.nearly, firms), math.MaxInt64, limit)
	for _, row := range wide {
		if len(found) < limit && !slices.Contains(found, row) {
			found = append(found, row)
		}
	}
	return found, err
}

// misspelled are words as they may have been meant, each by itself; none when there is no other way to read them.
func (s *lists) misspelled(ctx context.Context, words []clause) (out []clause, err error) {
	more := false
	for i, c := range words {
		for _, w := range c.any[0] {
			others, err := s.nearly(ctx, w)
			if err != nil {
				return nil, err
			}
			wide := clause{any: [][]string{{w}}}
			if len(c.any[0]) == 1 {
				wide.any = slices.Clone(c.any)
			}
			if i == len(words)-1 && w == c.any[0][len(c.any[0])-1] {
				wide = wide.beginning()
			}
			for _, other := range others {
				wide.any, more = append(wide.any, []string{other}), true
			}
			out = append(out, wide)
		}
	}
	if !more {
		return []clause{}, nil
	}
	return out, nil
}

// nameRows finds customers by their names and addresses.
func (s *lists) nameRows(ctx context.Context, words []clause, sight Sight, limit int) ([]int64, error) {
	if len(words) == 0 {
		return nil, nil
	}
	n := nameSearch{words: words, sight: sight}
	return n.rows(ctx, s, false, limit)
}
