package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"html"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"
)

// report is what a run has found.
type report struct {
	At       time.Time         `json:"at"`
	Machine  map[string]string `json:"machine"`
	Versions map[string]string `json:"versions"`
	Figures  []figure          `json:"figures"`
}

// figure is one measured number. Aim is what the project set itself; 0: none.
type figure struct {
	Name   string  `json:"name"`
	Label  string  `json:"label"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Aim    float64 `json:"aim,omitempty"`
	Less   bool    `json:"less_is_better,omitempty"`
	Note   string  `json:"note,omitempty"`
	Spread *spread `json:"spread,omitempty"`
}

func (r *report) add(f figure) { r.Figures = append(r.Figures, f) }

// met tells whether the aim is reached.
func (f *figure) met() bool { return f.Less == (f.Value < f.Aim) || f.Value == f.Aim }

// number is a value with about three digits that mean something.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e6:
		return fmt.Sprintf("%.2f M", v/1e6)
	case a >= 10_000:
		return fmt.Sprintf("%.1f k", v/1e3)
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func (r *report) print(out io.Writer) {
	list := func(m map[string]string, keys ...string) string {
		var parts []string
		for _, k := range keys {
			if m[k] != "" {
				parts = append(parts, k+" "+m[k])
			}
		}
		return strings.Join(parts, ", ")
	}
	fmt.Fprintf(out, "\n%s\n%s\n\n", list(r.Machine, "cores", "cpu", "kernel", "memory", "disk", "load"), list(r.Versions, "tamas", "go", "redis", "database"))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tmeasured\taim\t\t")
	for i := range r.Figures {
		f := &r.Figures[i]
		aim, met := "", ""
		if f.Aim != 0 {
			aim, met = number(f.Aim)+" "+f.Unit, "missed"
			if f.met() {
				met = "met"
			}
		}
		note := f.Note
		if s := f.Spread; s != nil {
			note = strings.TrimSuffix(fmt.Sprintf("p50 %s  p95 %s  p99 %s  p99.9 %s ms; %s", number(s.P50), number(s.P95), number(s.P99), number(s.P999), note), "; ")
		}
		fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\t%s\n", f.Label, number(f.Value), f.Unit, aim, met, note)
	}
	w.Flush()
}

// describe notes what the figures are true for.
func (b *bencher) describe(ctx context.Context) error {
	r := &b.report
	r.At = time.Now().UTC().Truncate(time.Second)
	r.Machine = map[string]string{"cores": fmt.Sprint(runtime.NumCPU()), "os": runtime.GOOS + "/" + runtime.GOARCH,
		"cpu": procField("/proc/cpuinfo", "model name"), "memory": procField("/proc/meminfo", "MemTotal"), "kernel": firstWord("/proc/sys/kernel/osrelease"),
		"load": firstWord("/proc/loadavg")}
	r.Versions = map[string]string{"tamas": versionText(), "go": strings.TrimPrefix(runtime.Version(), "go"), "redis": "in-process"}
	if b.hub.redis != nil {
		aof, _ := b.hub.redis.ConfigGet(ctx, "appendfsync").Result()
		on, _ := b.hub.redis.ConfigGet(ctx, "appendonly").Result()
		if r.Versions["redis"] = redisInfo(ctx, b.hub.redis, "server")["redis_version"] + ", append-only file off"; on["appendonly"] == "yes" {
			r.Versions["redis"] = redisInfo(ctx, b.hub.redis, "server")["redis_version"] + ", append-only file " + aof["appendfsync"]
		}
	}
	if b.url != "" {
		r.Versions["redis"], r.Versions["database"] = "the hub's", "the hub's"
		return nil
	}
	r.Machine["disk"] = diskOf(b.hub.dir)
	if b.hub.schema == "" {
		r.Versions["database"] = "SQLite " + moduleVersion("modernc.org/sqlite") + " (modernc), WAL, synchronous FULL"
		return nil
	}
	version, err := databaseVersion(ctx, b.Database)
	r.Versions["database"] = version + ", synchronous_commit on"
	return err
}

func databaseVersion(ctx context.Context, database string) (version string, err error) {
	db, err := sql.Open("pgx", database)
	if err != nil {
		return "", err
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, "SHOW server_version").Scan(&version)
	return "PostgreSQL " + version, err
}

func procField(file, name string) string {
	b, _ := os.ReadFile(file)
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func firstWord(file string) string {
	b, _ := os.ReadFile(file)
	word, _, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	return word
}

// diskOf names the file system of a folder: on one that lives in memory a commit costs nothing.
func diskOf(dir string) string {
	b, _ := os.ReadFile("/proc/mounts")
	best, kind := "", ""
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 2 && len(f[1]) >= len(best) && (dir == f[1] || strings.HasPrefix(dir, strings.TrimSuffix(f[1], "/")+"/")) {
			best, kind = f[1], f[2]
		}
	}
	return kind
}

func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, d := range info.Deps {
		if d.Path == path {
			return d.Version
		}
	}
	return ""
}

// picture draws the figures that have an aim as bars (the line is the aim, to the right is better), and below them the
// times as lines from p50 over p95 and p99 to p99.9 on a logarithmic scale.
func (r *report) picture() []byte {
	const width, left, row = 1060, 330, 26
	var body bytes.Buffer
	y := 40
	text := func(x, y int, anchor, class, s string) {
		fmt.Fprintf(&body, `<text x="%d" y="%d" text-anchor="%s" class="%s">%s</text>`+"\n", x, y, anchor, class, html.EscapeString(s))
	}
	text(20, y-14, "start", "head", "Tamas "+r.Versions["tamas"]+" · "+r.Machine["cores"]+" cores, "+r.Machine["cpu"])
	text(20, y+4, "start", "dim", "Redis "+r.Versions["redis"]+" · "+r.Versions["database"])
	y += 24
	aimX := left + 250 // a bar of ratio 1; ratios are drawn on a logarithmic scale from ¼ to 4
	top := y
	for i := range r.Figures {
		f := &r.Figures[i]
		if f.Aim == 0 || f.Value <= 0 {
			continue
		}
		ratio, class := f.Value/f.Aim, "miss"
		if f.Less {
			ratio = 1 / ratio
		}
		if f.met() {
			class = "met"
		}
		w := int(250 + 125*math.Log2(min(max(ratio, 0.27), 3.6)))
		text(left-10, y+16, "end", "", f.Label)
		fmt.Fprintf(&body, `<rect x="%d" y="%d" width="%d" height="%d" class="%s"/>`+"\n", left, y+3, w, row-8, class)
		text(left+w+6, y+16, "start", "dim", fmt.Sprintf("%s %s (aim %s)", number(f.Value), f.Unit, number(f.Aim)))
		y += row
	}
	fmt.Fprintf(&body, `<line x1="%d" y1="%d" x2="%d" y2="%d" class="aim"/>`+"\n", aimX, top-4, aimX, y+4)
	y += 40
	x := func(ms float64) int { return left + int(110*math.Log10(max(ms, 0.1)/0.1)) } // 0.1 ms … 10 s
	for ms := 0.1; ms <= 10_000; ms *= 10 {
		text(x(ms), y-8, "middle", "dim", number(ms)+" ms")
	}
	for i := range r.Figures {
		s := r.Figures[i].Spread
		if s == nil {
			continue
		}
		text(left-10, y+16, "end", "", r.Figures[i].Label)
		fmt.Fprintf(&body, `<line x1="%d" y1="%d" x2="%d" y2="%d" class="line"/>`+"\n", x(s.P50), y+12, x(s.P999), y+12)
		for j, v := range []float64{s.P50, s.P95, s.P99, s.P999} {
			fmt.Fprintf(&body, `<circle cx="%d" cy="%d" r="%d" class="dot"><title>%s ms</title></circle>`+"\n", x(v), y+12, 6-j, number(v))
		}
		y += row
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13">
<style>rect.met{fill:#0f766e}rect.miss{fill:#d97706}.head{font-weight:600}.dim{fill:#64748b}.aim{stroke:#334155;stroke-dasharray:4 3}.line{stroke:#0f766e;stroke-width:2}.dot{fill:#0f766e}</style>
<rect width="100%%" height="100%%" fill="#fff"/>
`, width, y+20)
	out.Write(body.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}
