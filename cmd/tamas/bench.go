package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// benchOptions are what `tamas bench` may be told beside the hub's own settings.
type benchOptions struct {
	*config
	url      string
	token    string
	only     []string
	time     time.Duration
	callers  int
	threads  int
	rates    []int
	sockets  int
	agents   int
	floor    int
	rebuild  int
	searched int
	json     string
	svg      string
	profile  string
	asHub    bool
	program  []string // starts a hub of this program
	log, out io.Writer
}

// measures are what can be measured, in this order.
var measures = []struct {
	name, about string
	own         bool // needs a hub of its own, to be started anew
	run         func(*bencher, context.Context) error
}{
	{"ack", "inbound messages acknowledged a second, callers waiting for each; CPU a message", false, (*bencher).measureAck},
	{"latency", "from the customer's send to the acknowledgement and to the agents' sockets, at fixed rates", false, (*bencher).measureLatency},
	{"one", "one caller's acknowledgement against Redis and the commit alone", false, (*bencher).measureOne},
	{"engine", "the router's engine alone: 1,000 agents, 10,000 waiting, 50 queues, 20 skills", false, (*bencher).measureEngine},
	{"route", "from a customer's message, and from an agent's end of work, to the offer on the agent's socket", true, (*bencher).measureRoute},
	{"fanout", "events in bursts of ten to many agents' sockets", false, (*bencher).measureFanOut},
	{"search", "the first 20 of a search among many touches, and the full-text index", false, (*bencher).measureSearch},
	{"touches", "touches logged over the API, a hundred a post", false, (*bencher).measureTouches},
	{"import", "touches imported from a file, while the hub serves", true, (*bencher).measureImport},
	{"mail", "mails from a real Dovecot into the record, on one account", true, (*bencher).measureMail},
	{"sms", "SMS webhooks into the record", false, (*bencher).measureSMS},
	{"files", "a large file up and down, against io.Copy to the same disk, and the hub's memory", true, (*bencher).measureFiles},
	{"redis", "Redis memory of an open conversation", false, (*bencher).measureRedis},
	{"app", "the agents' app's first load", false, (*bencher).measureApp},
	{"memory", "memory of an idle visitor's socket", true, (*bencher).measureMemory},
	{"start", "from start to serving, with an empty record and with many open conversations", true, (*bencher).measureStart},
}

// bench measures a hub through its real doors: visitors' sockets and posts, SMS webhooks, agents' sockets. Without
// --url it starts one in a process of its own, on the --redis and --database given and in a folder, a
// workspace and a schema of its own, all of which it removes.
func bench(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	o, err := parseBench(args, environ, errOut)
	if err != nil {
		return err
	}
	if o.asHub {
		return benchedHub(ctx, o, out)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	o.program, o.log, o.out = []string{program, "bench", "--as-hub"}, errOut, out
	return runBench(ctx, o)
}

func parseBench(args, environ []string, errOut io.Writer) (*benchOptions, error) {
	o := &benchOptions{}
	only, rates, channels := "", "1000,3000", false
	var names []string
	for _, m := range measures {
		names = append(names, m.name)
	}
	cfg, rest, err := parse("tamas bench", args, environ, errOut, func(f *flag.FlagSet) {
		f.StringVar(&o.url, "url", "", "`URL` of a running hub; empty: one is started. It gets test accounts and customers, so take none that is in use")
		f.StringVar(&o.token, "token", "", "API `token` of an admin of that hub; else --admin-email and --admin-password sign in")
		f.StringVar(&only, "only", "", "`measures`, comma-separated: "+strings.Join(names, ", ")+"; empty: all")
		f.BoolVar(&channels, "channels", false, "measure the channels only: "+channelMeasures)
		f.DurationVar(&o.time, "time", 10*time.Second, "`how long` each load runs")
		f.IntVar(&o.callers, "callers", 256, "`number` of callers that send as soon as they are acknowledged")
		f.IntVar(&o.threads, "conversations", 1000, "`number` of conversations that a load is spread over")
		f.StringVar(&rates, "rates", rates, "messages a second, comma-separated, at which latency is measured")
		f.IntVar(&o.sockets, "sockets", 10_000, "`number` of idle visitors' sockets")
		f.IntVar(&o.agents, "agents", 1000, "`number` of agents' sockets that events are fanned out to")
		f.IntVar(&o.floor, "engine-agents", 1000, "of the engine's measure; ten times as many conversations wait")
		f.IntVar(&o.rebuild, "rebuild", 10_000, "`number` of open conversations to start with")
		f.IntVar(&o.searched, "touches", 100_000, "`number` of touches to search, and of rows to import; the aims are for 2,000,000 and 1,000,000")
		f.StringVar(&o.json, "json", "", "`file` for the figures as JSON")
		f.StringVar(&o.svg, "svg", "", "`file` for a picture of them")
		f.StringVar(&o.profile, "cpuprofile", "", "`file` for a CPU profile of the first hub that is started")
		f.BoolVar(&o.asHub, "as-hub", false, "be the hub that is measured")
		f.Lookup("addr").DefValue = "127.0.0.1:0"
		_ = f.Lookup("addr").Value.Set("127.0.0.1:0") // not f.Set: that would win over the environment
		f.Lookup("data").Usage = "`folder` in which a new one is made for the record, and removed; its disk is measured too"
		f.Lookup("data").DefValue = ""
		_ = f.Lookup("data").Value.Set("")
		f.Lookup("log-level").DefValue = "error"
		_ = f.Lookup("log-level").Value.Set("error")
	})
	if err != nil {
		return nil, err
	}
	o.config = cfg
	if len(rest) > 0 {
		return nil, fmt.Errorf("%q is not understood", rest[0])
	}
	if o.asHub {
		return o, nil
	}
	if channels {
		only += "," + channelMeasures
	}
	for s := range strings.SplitSeq(only, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if !slices.Contains(names, s) {
			return nil, fmt.Errorf("--only %s: there are %s", s, strings.Join(names, ", "))
		}
		o.only = append(o.only, s)
	}
	for s := range strings.SplitSeq(rates, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 || n > 100_000 {
			return nil, fmt.Errorf("--rates %s: each is a number from 1 to 100,000", rates)
		}
		o.rates = append(o.rates, n)
	}
	for name, n := range map[string]int{"callers": o.callers, "conversations": o.threads, "sockets": o.sockets, "agents": o.agents, "rebuild": o.rebuild, "touches": o.searched} {
		if n < 1 || n > 10_000_000 || n > 1_000_000 && name != "touches" {
			return nil, fmt.Errorf("--%s is from 1 to 1,000,000", name)
		}
	}
	if o.time < 100*time.Millisecond {
		return nil, errors.New("--time is at least 100ms")
	}
	if o.url != "" && (cfg.Database != "" || o.profile != "") {
		return nil, errors.New("--database and --cpuprofile are for a hub that is started, not for one at --url")
	}
	if o.url == "" && cfg.Database != "" && !strings.Contains(cfg.Database, "://") {
		return nil, errors.New("--database is a postgres:// URL; for SQLite leave it out and choose a disk by --data")
	}
	return o, nil
}

// bencher is one run.
type bencher struct {
	*benchOptions
	hub    *benchHub
	report report
}

func runBench(ctx context.Context, o *benchOptions) error {
	b := &bencher{benchOptions: o}
	var err error
	if b.hub, err = openBenchHub(ctx, o); err != nil {
		return err
	}
	err = b.run(ctx)
	return errors.Join(err, b.hub.close())
}

func (b *bencher) run(ctx context.Context) error {
	if err := b.hub.up(ctx, true); err != nil {
		return err
	}
	if err := b.describe(ctx); err != nil {
		return err
	}
	for _, m := range measures {
		if len(b.only) > 0 && !slices.Contains(b.only, m.name) {
			continue
		}
		if m.own && b.url != "" {
			fmt.Fprintf(b.log, "%-8s left out: it starts a hub of its own\n", m.name)
			continue
		}
		fmt.Fprintf(b.log, "%-8s %s\n", m.name, m.about)
		begun := time.Now()
		if err := m.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		fmt.Fprintf(b.log, "%-8s took %s\n", "", time.Since(begun).Round(10*time.Millisecond))
	}
	b.report.print(b.out)
	if b.json != "" {
		text, err := json.MarshalIndent(&b.report, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(b.json, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	if b.svg != "" {
		return os.WriteFile(b.svg, b.report.picture(), 0o644)
	}
	return nil
}
