package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	seed   uint64
	time   time.Duration
	faults string
	hubs   int
	agents int
	rate   int
	keep   bool
	plant  bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// plantFaults are those that fork history: the others cannot bring the planted bug to light.
const plantFaults = "flush,promote"

// command runs the chaos and returns the exit status: 0 when the laws held (with --plant: when the planted bug
// was found), 1 when not, 2 when it could not be told.
func command(ctx context.Context, args []string, out, errOut io.Writer) int {
	var o options
	f := flag.NewFlagSet("chaos", flag.ContinueOnError)
	f.SetOutput(errOut)
	f.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano())%1_000_000, "`number` that chooses the faults and their moments")
	f.DurationVar(&o.time, "time", time.Minute, "`duration` of the faults; start, healing and checking come on top")
	f.StringVar(&o.faults, "faults", "all", "comma-separated `names` or beginnings of names, such as kill,flush")
	f.IntVar(&o.hubs, "hubs", 3, "`number` of hubs")
	f.IntVar(&o.agents, "agents", 6, "`number` of agents")
	f.IntVar(&o.rate, "rate", 120, "customers' messages a `second`")
	f.BoolVar(&o.keep, "keep", false, "keep the directory with the hubs' logs")
	f.BoolVar(&o.plant, "plant", false, "run hubs with the classic bug planted; the check has to find it (faults unless given: "+plantFaults+")")
	f.Usage = func() {
		fmt.Fprintln(errOut, "Usage: chaos [flags]\n\nRuns hubs on real Redis and PostgreSQL, hurts them, and checks that the laws held.\n\nFaults:")
		for _, k := range kinds {
			fmt.Fprintf(errOut, "  %-14s %s\n", k.name, k.about)
		}
		fmt.Fprintln(errOut, "\nFlags:")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return 2
	}
	if o.plant && o.faults == "all" {
		o.faults = plantFaults
	}
	faults, err := choose(o.faults)
	if err == nil && (f.NArg() > 0 || o.time <= 0 || o.hubs < 2 || o.hubs > 9 || o.agents < 1 || o.agents > 15 || o.rate < 1) {
		err = fmt.Errorf("the flags make no sense together; --help lists them")
	}
	if err != nil {
		fmt.Fprintln(errOut, "chaos:", err)
		return 2
	}
	// All our processes end with us, also on a second Ctrl-C: the keepers see to that.
	dir, err := os.MkdirTemp("", "tamas-chaos-")
	if err != nil {
		fmt.Fprintln(errOut, "chaos:", err)
		return 2
	}
	r := &run{options: o, kinds: faults, dir: dir, out: out, h: newHistory()}
	err = r.all(ctx)
	keep := o.keep || err != nil && ctx.Err() == nil || len(r.violations) > 0 && !o.plant
	if keep {
		fmt.Fprintln(out, "kept:", dir)
	} else {
		defer os.RemoveAll(dir)
	}
	// The program itself is large and can be built again.
	_ = os.Remove(filepath.Join(dir, "tamas"))
	switch {
	case err != nil:
		fmt.Fprintln(errOut, "chaos:", err)
		return 2
	case o.plant && slices.ContainsFunc(r.violations, func(v violation) bool { return v.Law == "law 1" }):
		fmt.Fprintf(out, "seed %d: the planted bug was found\n", o.seed)
		return 0
	case o.plant:
		fmt.Fprintf(out, "seed %d: the planted bug was NOT found\n", o.seed)
		return 1
	case len(r.violations) > 0:
		fmt.Fprintf(out, "seed %d: %d laws' checks failed:%s\n", o.seed, len(r.violations), laws(r.violations))
		return 1
	}
	fmt.Fprintf(out, "seed %d: the laws held\n", o.seed)
	return 0
}

// summary prints the history.
func (r *run) summary() {
	p := func(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }
	sent, acked, replies, repliesAcked, deliveries := r.h.tally()
	p("\nhistory of seed %d, %v of faults, %d hubs, %d agents", r.seed, r.time, len(r.c.hubs), r.agents)
	p("  customers' messages  %6d sent, %d acknowledged, %d in the record", sent, acked, r.inbound)
	p("  agents' replies      %6d written, %d acknowledged, %d in the record, %d called uncertain", replies, repliesAcked, r.outbound, r.uncertain)
	p("  providers            %6d messages accepted for customers", deliveries)
	r.h.mu.Lock()
	p("  other commands       %6d acknowledged; %d events were called recorded", r.h.commands, len(r.h.claims))
	p("  clients              %6d answers of \"again\", %d connections, %d desks loaded", r.h.refused, r.h.resumes, r.h.reloads)
	r.h.mu.Unlock()
	p("  record               %6d events, %d conversations; cursor %s", r.events, r.conversations, r.cursor)
	done := map[string]int{}
	for _, k := range r.f.clerks {
		for what, n := range k.done {
			done[what] += n
		}
	}
	work := ""
	for _, what := range sortedKeys(done) {
		work += fmt.Sprintf(", %d %s", done[what], what)
	}
	p("  clerks               %s", strings.TrimPrefix(work, ", "))
	ended := 0
	for _, h := range r.c.hubs {
		h.mu.Lock()
		ended += h.ended
		h.mu.Unlock()
	}
	p("  hubs                 %6d times ended by themselves and were started again", ended)
	p("  fault                times  recovered: median     max   (until every hub takes a message again)")
	for _, name := range sortedKeys(r.recovered) {
		list := r.recovered[name]
		median, most := list[(len(list)-1)/2], list[len(list)-1]
		p("  %-20s %5d  %17v %8v", name, len(list), median.Round(10*time.Millisecond), most.Round(10*time.Millisecond))
	}
	for _, v := range r.violations {
		p("VIOLATION %s", v)
	}
}

// note prints one line of the story.
func (r *run) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Fprintf(r.out, "%s %6.1fs  %s\n", time.Now().UTC().Format("15:04:05.000"), time.Since(r.begun).Seconds(), strings.TrimRight(text, " "))
}
