package sim

import (
	"errors"
	"math"
	"testing"
	"time"
)

var oracleLoad = Load{PerHour: 200, AHT: 180 * time.Second, Target: 20 * time.Second}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s is %.5f, want %.5f ± %g", what, got, want, tolerance)
	}
}

// 100 contacts in half an hour of 180 s each, 20 s: the textbook's 10 erlangs.
func TestErlangC(t *testing.T) {
	for _, x := range []struct {
		agents                      int
		wait, level, asa, occupancy float64
	}{{13, 0.2853, 0.7956, 17.12, 0.769}, {14, 0.1741, 0.8884, 7.84, 0.714}} {
		o, err := oracleLoad.Erlang(x.agents)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "wait", o.Wait, x.wait, 0.0001)
		near(t, "level", o.Level, x.level, 0.0001)
		near(t, "ASA", o.ASA.Seconds(), x.asa, 0.01)
		near(t, "occupancy", o.Occupancy, x.occupancy, 0.001)
	}
	if _, err := oracleLoad.Erlang(10); !errors.Is(err, ErrOverloaded) {
		t.Errorf("10 agents for 10 erlangs: %v", err)
	}
	if o, ok := oracleLoad.Agents(0.8, 100); !ok || o.Agents != 14 {
		t.Errorf("80/20 needs %d agents (%v), want 14", o.Agents, ok)
	}
	if o, ok := oracleLoad.Agents(0.999999, 14); ok {
		t.Errorf("out of reach, and yet %+v", o)
	}
}

// Limits of Erlang A that have closed forms: endless patience is Erlang C, patience as long as the handling is M/M/∞ with a
// Poisson number in the system, no patience at all is Erlang B.
func TestErlangA(t *testing.T) {
	patient := oracleLoad
	patient.Patience = 10_000 * time.Hour
	a, _ := patient.Erlang(13)
	c, _ := oracleLoad.Erlang(13)
	near(t, "wait", a.Wait, c.Wait, 1e-4)
	near(t, "level", a.Level, c.Level, 1e-4)
	near(t, "ASA", a.ASA.Seconds(), c.ASA.Seconds(), 0.02)

	same := oracleLoad
	same.Patience = same.AHT
	o, _ := same.Erlang(10)
	wait, queue := 0.0, 0.0
	for k := 10; k < 100; k++ {
		wait += poisson(k, 10)
		queue += poisson(k, 10) * float64(k-10)
	}
	near(t, "wait", o.Wait, wait, 1e-9)
	near(t, "abandoned", o.Abandoned, queue/10, 1e-9)

	hasty := oracleLoad
	hasty.Patience = time.Millisecond
	o, _ = hasty.Erlang(13)
	b := 1.0
	for k := 1.0; k <= 13; k++ {
		b = 10 * b / (k + 10*b)
	}
	near(t, "abandoned", o.Abandoned, b, 1e-4)
	near(t, "level", o.Level, 1-b, 1e-4)

	// Flow is kept: what is handled is what came and did not leave; and the share in line is the rate of leaving (Little).
	some := oracleLoad
	some.Patience = 120 * time.Second
	for _, agents := range []int{8, 10, 13} {
		o, _ := some.Erlang(agents)
		near(t, "handled", o.Occupancy*float64(agents), some.Erlangs()*(1-o.Abandoned), 1e-6)
	}
}
