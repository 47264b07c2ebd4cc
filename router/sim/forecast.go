package sim

import (
	"time"

	"tamas/inbox/record"
)

// Slots of a week: half hours from Sunday 00:00 on, by the wall clock of a zone.
const SlotsOfWeek = 7 * 48

// SlotOf is the half hour of the week in which a moment lies.
func SlotOf(at record.Millis, zone *time.Location) int {
	t := at.Time().In(zone)
	return int(t.Weekday())*48 + t.Hour()*2 + t.Minute()/30
}

// Forecast is what each half hour of a week brings: the mean of the whole weeks that were seen.
type Forecast struct {
	Volume [SlotsOfWeek]float64 // contacts
	Weeks  int
}

// Expect counts arrivals in the given number of weeks before until.
func Expect(arrivals []record.Millis, until record.Millis, weeks int, zone *time.Location) Forecast {
	f := Forecast{Weeks: weeks}
	if weeks < 1 {
		return f
	}
	// By the wall clock, so that a week in which the clocks change begins at the same time of the day.
	from := record.At(until.Time().In(zone).AddDate(0, 0, -7*weeks))
	for _, at := range arrivals {
		if at >= from && at < until {
			f.Volume[SlotOf(at, zone)] += 1 / float64(weeks)
		}
	}
	return f
}

// Promise is what staffing has to keep.
type Promise struct {
	AHT      time.Duration // mean, of one agent with one contact at a time
	Patience time.Duration // mean; 0: nobody leaves
	Target   time.Duration
	Level    float64 // share answered within Target, 0 to 1
	At       int     // contacts that one agent handles at once; 0: 1
}

// Need is how many agents a half hour needs, and how it fares with them.
type Need struct {
	Slot   int
	Volume float64
	Outcome
}

// maxAgents bounds staffing: more is a mistake in the figures.
const maxAgents = 100_000

// Staff finds the agents that each half hour of the week needs. An agent who handles several contacts at once counts as that many
// servers, each as fast: what is given is rounded up to whole agents. Half hours without traffic need nobody.
func (f Forecast) Staff(p Promise) []Need {
	list := make([]Need, SlotsOfWeek)
	at := max(1, p.At)
	for i, volume := range f.Volume {
		list[i] = Need{Slot: i, Volume: volume, Outcome: Outcome{Level: 1}}
		if volume == 0 {
			continue
		}
		l := Load{PerHour: volume * 2, AHT: p.AHT, Patience: p.Patience, Target: p.Target}
		o, _ := l.Agents(p.Level, maxAgents)
		agents := (o.Agents + at - 1) / at
		if all, err := l.Erlang(agents * at); err == nil {
			o = all
		}
		o.Agents = agents
		list[i].Outcome = o
	}
	return list
}
