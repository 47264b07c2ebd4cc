package record

import (
	"cmp"
	"slices"
)

// Stages that a rule knows.
const (
	StageFirst    = "first_purchase"
	StageActive   = "active"
	StageLoyal    = "loyal"
	StageAdvocate = "advocate"
	StageLapsed   = "lapsed"
	StageWonBack  = "won_back"
)

// ByRule stands as the user behind what the stage rule did.
const ByRule = "@rule"

// StageRule has stages follow from purchases. Nobody becomes an advocate by it.
type StageRule struct {
	Enabled      bool `json:"enabled"`
	Active       int  `json:"active"`        // purchases within ActiveMonths make active; 0: nobody becomes it by rule
	ActiveMonths int  `json:"active_months"` // of the calendar, in UTC
	Loyal        int  `json:"loyal"`
	LoyalMonths  int  `json:"loyal_months"`
	LapsedMonths int  `json:"lapsed_months"` // without a purchase; 0: nobody lapses by rule
	AnyTouch     bool `json:"any_touch"`     // without any touch by the customer, that is: who writes, calls or visits does not lapse
}

// spellDays bounds a Spell: no shorter than it is a month.
const spellDays = 28

// Spell is a time, no longer than spellDays, from somebody's first touch in it to the last one.
type Spell struct{ From, To Millis }

// Bought is a purchase or a return, as the rule needs it.
type Bought struct {
	Touch    string
	Kind     string
	At       Millis
	Order    string
	Mark     string // see order_marks
	Currency string
	Amount   Amount
	lost     bool // the number of the order
}

// StageStep is a stage that somebody came to, and by what: of one who lapsed the last purchase before.
type StageStep struct {
	Stage string
	At    Millis
	Touch string
}

// Steps are the stages that follow from all that somebody bought, in whichever order it was told of, oldest first. The first purchase, and the first
// one after they lapsed, begin a time in which they only rise; what was returned whole never was. touched are all spells of who does not lapse while
// there is any touch, in order. A stage that is not offered is passed over.
func (r *StageRule) Steps(all []Bought, touched []Spell, now Millis, offered func(stage string) bool) []StageStep {
	var out []StageStep
	step := func(stage string, at Millis, touch string) {
		if !offered(stage) || at > now {
			return
		}
		if len(out) > 0 && out[len(out)-1].At == at { // of one moment the last counts
			out = out[:len(out)-1]
		}
		if len(out) == 0 || out[len(out)-1].Stage != stage {
			out = append(out, StageStep{stage, at, touch})
		}
	}
	lapses := func(b Bought) Millis {
		last := b.At
		for _, s := range touched {
			if s.From >= monthsOn(last, r.LapsedMonths) {
				break
			}
			last = max(last, s.To)
		}
		return monthsOn(last, r.LapsedMonths)
	}
	var since []Bought // they began, or came back
	level := 0
	for i, b := range kept(all) {
		if r.LapsedMonths > 0 && i > 0 && b.At >= lapses(since[len(since)-1]) {
			last := since[len(since)-1]
			step(StageLapsed, lapses(last), last.Touch)
			since, level = nil, 0
		}
		since = append(since, b)
		within := func(n, months int) bool {
			return n > 0 && len(since) >= n && monthsOn(since[len(since)-n].At, months) >= b.At
		}
		switch {
		case i == 0:
			step(StageFirst, b.At, b.Touch)
		case len(since) == 1:
			step(StageWonBack, b.At, b.Touch)
		}
		switch {
		case level < 2 && within(r.Loyal, r.LoyalMonths):
			level = 2
			step(StageLoyal, b.At, b.Touch)
		case level < 1 && within(r.Active, r.ActiveMonths):
			level = 1
			step(StageActive, b.At, b.Touch)
		}
	}
	if r.LapsedMonths > 0 && len(since) > 0 {
		last := since[len(since)-1]
		step(StageLapsed, lapses(last), last.Touch)
	}
	return out
}

// outlasts tells the step that counts beside what somebody said last, at a moment: the last one after it. An advocate stays one until they lapse. Nil: what
// was said, or nothing.
func outlasts(steps []StageStep, said string, at Millis) *StageStep {
	steps = slices.DeleteFunc(slices.Clone(steps), func(s StageStep) bool { return s.At <= at })
	if said == StageAdvocate {
		lapsed := slices.IndexFunc(steps, func(s StageStep) bool { return s.Stage == StageLapsed })
		if lapsed < 0 {
			return nil
		}
		steps = steps[lapsed:]
	}
	if len(steps) == 0 {
		return nil
	}
	return &steps[len(steps)-1]
}

func monthsOn(at Millis, n int) Millis { return At(at.Time().UTC().AddDate(0, n, 0)) }

// kept are the purchases that were not returned whole, in order. Returns of an order take its purchases away when they come to its amount, or say none; one
// without an order the latest purchase before it of just that amount. An order whose number was taken away is known by its mark; one that returns what it
// names, when nobody knows of it any more, takes the latest purchase of that amount that has lost its number.
func kept(all []Bought) []Bought {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Bought) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Touch, b.Touch)) })
	type order struct {
		bought, back Amount
		whole        bool
	}
	orders, marks, known := map[string]*order{}, map[string]string{}, map[string]bool{}
	for _, b := range all {
		if b.Mark != "" && b.Order != "" {
			marks[b.Order] = b.Mark
		}
	}
	for i := range all {
		b := &all[i]
		b.lost = b.Order == "" && b.Mark != ""
		b.Order = cmp.Or(b.Mark, marks[b.Order], b.Order)
		known[b.Order] = known[b.Order] || b.Kind == KindPurchase
	}
	var out []Bought
	for _, b := range all {
		switch {
		case b.Kind == KindPurchase:
			out = append(out, b)
			if b.Order != "" {
				entry(orders, b.Order).bought += b.Amount
			}
		case b.Order != "" && known[b.Order]:
			o := entry(orders, b.Order)
			o.back += b.Amount
			o.whole = o.whole || b.Amount == 0
		default:
			for i := len(out) - 1; i >= 0; i-- {
				if p := out[i]; p.Amount == b.Amount && p.Currency == b.Currency && (b.Order == "" || p.lost) {
					out = slices.Delete(out, i, i+1)
					break
				}
			}
		}
	}
	return slices.DeleteFunc(out, func(b Bought) bool {
		o := orders[b.Order]
		return b.Order != "" && (o.whole || o.back > 0 && o.back >= o.bought)
	})
}
