package record

import (
	"cmp"
	"slices"
)

// ProgrammeSummary is what somebody received of a marketing programme, and what came of it.
type ProgrammeSummary struct {
	Programme string         `json:"programme"`
	Step      string         `json:"step"` // the last one
	At        Millis         `json:"at"`
	Steps     map[string]int `json:"steps"`
	From      From           `json:"from"`
}

// received takes in a step of a programme.
func (m *summing) received(t *told) {
	p := entry(m.programmes, t.data.Programme)
	if p.Steps == nil {
		p.Programme, p.Steps = t.data.Programme, map[string]int{}
	}
	p.Steps[t.data.Step]++
	if t.at >= p.At {
		p.At, p.Step = t.at, t.data.Step
	}
}

// reactions puts programmes in order.
func (m *summing) reactions() {
	s := m.s
	for _, p := range m.programmes {
		p.From = From{Kind: KindProgramme, Text: findable(p.Programme)}
		s.Programmes = append(s.Programmes, *p)
	}
	slices.SortFunc(s.Programmes, func(a, b ProgrammeSummary) int {
		return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(a.Programme, b.Programme))
	})
}
