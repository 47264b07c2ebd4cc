package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"tamas/agentui"
	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/router/sim"
)

// simulateFlags are what `tamas simulate` is told.
type simulateFlags struct {
	rate, hours           float64
	aht, patience, target time.Duration
	accept                time.Duration
	agents                string
	since, until          string
	policies              []string
	seed                  uint64
	asJSON, ideal         bool
}

// simulate runs the router's engine on a virtual clock: with Poisson traffic beside Erlang's formulas, or with recorded traffic under
// one policy or several.
func simulate(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	var s simulateFlags
	cfg, rest, err := parse("tamas simulate", args, environ, errOut, func(f *flag.FlagSet) {
		f.Float64Var(&s.rate, "rate", 100, "contacts in half an hour (Poisson)")
		f.Float64Var(&s.hours, "hours", 2000, "how long, in simulated hours")
		f.DurationVar(&s.aht, "aht", 180*time.Second, "mean handling time (exponential)")
		f.DurationVar(&s.patience, "patience", 0, "mean patience (exponential); 0: nobody leaves")
		f.DurationVar(&s.target, "target", 20*time.Second, "service level: answered within")
		f.StringVar(&s.agents, "agents", "13,14", "numbers of agents to compare, one contact at a time each")
		f.StringVar(&s.since, "since", "", "recorded traffic instead, from then on: a `time` ago like 7d, a date or a moment")
		f.StringVar(&s.until, "until", "", "recorded traffic up to then; empty: now")
		f.DurationVar(&s.accept, "accept", 5*time.Second, "from an offer to its acceptance, with recorded traffic")
		f.BoolVar(&s.ideal, "ideal", false, "with recorded traffic: every agent is there all the time and nobody declines, instead of as it was")
		f.Func("policy", "JSON `file` of changes to the settings to compare with the present ones; may be given again", func(file string) error {
			s.policies = append(s.policies, file)
			return nil
		})
		f.Uint64Var(&s.seed, "seed", 1, "of the traffic; the same seed gives the same one")
		f.BoolVar(&s.asJSON, "json", false, "print JSON")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%q is not understood", rest[0])
	}
	if s.since != "" {
		return s.recorded(ctx, cfg, out, errOut)
	}
	return s.poisson(ctx, out, errOut)
}

// beside is a simulated number of agents and what the formula says.
type beside struct {
	Agents    int          `json:"agents"`
	Simulated *sim.Result  `json:"simulated"`
	Formula   *sim.Outcome `json:"formula,omitempty"` // none: overloaded without abandonment
}

func (s *simulateFlags) poisson(ctx context.Context, out, errOut io.Writer) error {
	load := sim.Load{PerHour: 2 * s.rate, AHT: s.aht, Patience: s.patience, Target: s.target}
	from := record.Millis(0)
	list, err := sim.Poisson([]sim.Stream{{Queue: "queue", PerHour: load.PerHour, AHT: s.aht, Patience: s.patience}}, from, record.Millis(s.hours*3600_000), s.seed)
	if err != nil {
		return err
	}
	var rows []beside
	for _, text := range strings.Split(s.agents, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 || n > 10_000 {
			return fmt.Errorf("--agents: %q is no number of agents", text)
		}
		o, err := load.Erlang(n)
		row := beside{Agents: n, Formula: &o}
		if errors.Is(err, sim.ErrOverloaded) {
			row.Formula = nil
		} else if err != nil {
			return err
		}
		// A tenth of the time for the queue to fill.
		row.Simulated, err = sim.Run(ctx, sim.Scenario{Name: strconv.Itoa(n), Rules: sim.Alike("queue", n, 1, int(s.target.Seconds())), Arrivals: list,
			Warm: record.Millis(s.hours * 360_000)}, progress(errOut, text+" agents"))
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if s.asJSON {
		return json.NewEncoder(out).Encode(rows)
	}
	name := "Erlang C"
	if s.patience > 0 {
		name = "Erlang A"
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "%g contacts in half an hour of %v, %.1f erlangs, answered within %v; %d contacts simulated, beside %s\n\n", s.rate, s.aht,
		load.Erlangs(), s.target, len(list), name)
	fmt.Fprintln(w, "agents\tservice level\t"+name+"\tmean wait\t"+name+"\tabandoned\t"+name+"\toccupancy\t"+name+"\t")
	for _, r := range rows {
		x := r.Simulated
		level, asa, gone, busy := "-", "-", "-", "-"
		if o := r.Formula; o != nil {
			level, asa, gone, busy = percent(o.Level), o.ASA.Round(10*time.Millisecond).String(), percent(o.Abandoned), percent(o.Occupancy)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", r.Agents, share(x.Level), level,
			millis(x.ASA).Round(10*time.Millisecond), asa, percent(float64(x.Abandoned)/float64(max(1, x.Arrived))), gone, share(x.Occupancy), busy)
	}
	return w.Flush()
}

func (s *simulateFlags) recorded(ctx context.Context, cfg *config, out, errOut io.Writer) error {
	now := time.Now()
	from, err := moment(s.since, now)
	if err != nil {
		return err
	}
	to := now
	if s.until != "" {
		if to, err = moment(s.until, now); err != nil {
			return fmt.Errorf("--until: %w", err)
		}
	}
	db, err := record.OpenReadOnly(ctx, cfg.database())
	if err != nil {
		return err
	}
	defer db.Close()
	set, err := inbox.ReadSettings(ctx, db)
	if err != nil {
		return err
	}
	policies := []agentui.Policy{{Name: "now"}}
	for _, file := range s.policies {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		p, err := agentui.ParsePolicy(text, set)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		p.Name = cmp.Or(p.Name, file)
		policies = append(policies, p)
	}
	base, err := agentui.Recorded(ctx, db, set, record.At(from), record.At(to), record.At(now), s.seed, s.ideal)
	if err != nil {
		return err
	}
	base.Accept = record.Millis(s.accept.Milliseconds())
	var results []*sim.Result
	for i := range policies {
		scenario, err := policies[i].Scenario(base, set)
		if err != nil {
			return fmt.Errorf("%s: %w", policies[i].Name, err)
		}
		r, err := sim.Run(ctx, scenario, progress(errOut, policies[i].Name))
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	if s.asJSON {
		return json.NewEncoder(out).Encode(results)
	}
	there := "every agent there all the time"
	if base.Shifts != nil {
		there = "agents there when they were"
	}
	fmt.Fprintf(out, "%d contacts of the record, %s, %s of the offers declined and %s left to run out\nService level: answered within the target of all who came; who left counts as missed, which reports do not count within the target.\n\n", len(base.Arrivals), there, percent(base.Declined), percent(base.Ignored))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "policy\tanswered\tabandoned\tnever taken\tservice level\tmean wait\t90 % within\tlongest\toccupancy\t")
	for _, r := range results {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\t%v\t%v\t%v\t%s\t\n", r.Name, r.Answered, r.Abandoned, r.Left, share(r.Level), millis(r.ASA).Round(100*time.Millisecond),
			millis(r.P90).Round(100*time.Millisecond), millis(r.Longest).Round(time.Second), share(r.Occupancy))
	}
	return w.Flush()
}

func millis(ms record.Millis) time.Duration { return time.Duration(ms) * time.Millisecond }

func percent(x float64) string { return fmt.Sprintf("%.2f %%", 100*x) }

func share(x *float64) string {
	if x == nil {
		return "-"
	}
	return percent(*x)
}

// progress writes the share done over itself, where somebody looks at a terminal.
func progress(errOut io.Writer, what string) func(float64) {
	f, ok := errOut.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	last := -1
	return func(share float64) {
		if p := int(100 * share); p != last {
			last = p
			fmt.Fprintf(f, "\r%s: %d %% ", what, p)
			if p >= 99 {
				fmt.Fprint(f, "\r\033[K")
			}
		}
	}
}
