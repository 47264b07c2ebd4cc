package telegram

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Telegram keeps updates for a day, and numbers them one after the other unless a bot had none for a week: then it begins
// anew at a random number.
const (
	kept   = 24 * time.Hour
	quiet  = 6 * 24 * time.Hour // a little less than Telegram's week: no gap is claimed that might be none
	nearby = 1000               // numbers: what comes from so little before is a repetition
)

// maxGaps bounds what is remembered, so that a cursor stays below 2 KiB.
const maxGaps = 40

// position is the account's cursor: where to go on, and which numbers never came. Since it is recorded together with the messages
// before it, it proves that each update below next was recorded, or passed over on purpose, or stands in a gap.
//
//	"500000016 1767225600 500000003-500000007@1767220000"
type position struct {
	next int64     // update_id of the next one; 0: none came yet
	last time.Time // when the last one came; zero: not known
	gaps []gap     // oldest first
}

// gap are updates that Telegram has numbered and that never came.
type gap struct {
	from, to int64
	at       time.Time // when it was noticed
}

func (p position) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", p.next)
	if !p.last.IsZero() || len(p.gaps) > 0 {
		fmt.Fprintf(&b, " %d", p.last.Unix())
	}
	for _, g := range p.gaps {
		fmt.Fprintf(&b, " %d-%d@%d", g.from, g.to, g.at.Unix())
	}
	return b.String()
}

// parsePosition reads a cursor; an older one is a bare number. ok is false for what is none.
func parsePosition(s string) (p position, ok bool) {
	fields := strings.Fields(s)
	if len(fields) == 0 {
		return p, s == ""
	}
	var err error
	if p.next, err = strconv.ParseInt(fields[0], 10, 64); err != nil || p.next < 0 {
		return position{}, false
	}
	if len(fields) > 1 {
		sec, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return p, true
		}
		p.last = time.Unix(sec, 0)
	}
	for _, f := range fields[min(2, len(fields)):] {
		var g gap
		var sec int64
		if n, err := fmt.Sscanf(f, "%d-%d@%d", &g.from, &g.to, &sec); n == 3 && err == nil {
			g.at = time.Unix(sec, 0)
			p.gaps = append(p.gaps, g)
		}
	}
	return p, true
}

// saw moves on behind an update.
func (p *position) saw(id int64, now time.Time) {
	fresh := p.next == 0 || p.last.IsZero()
	switch {
	case fresh, now.Sub(p.last) > quiet:
	case id > p.next:
		p.gaps = append(p.gaps, gap{p.next, id - 1, now})
		p.gaps = p.gaps[max(0, len(p.gaps)-maxGaps):]
	case id < p.next && p.next-id < nearby:
		return
	}
	p.next, p.last = id+1, now
}
