package sim

import (
	"errors"
	"math"
	"time"
)

// Load is the traffic of one group of alike agents who each handle one contact at a time.
type Load struct {
	PerHour  float64       // contacts, Poisson
	AHT      time.Duration // mean of an exponential handling time
	Patience time.Duration // mean of an exponential patience; 0: nobody hangs up (Erlang C)
	Target   time.Duration // of the service level: answered within
}

// Erlangs is the offered load: contacts being handled at once if nobody had to wait.
func (l Load) Erlangs() float64 { return l.PerHour * l.AHT.Hours() }

// Outcome is how a load fares with a number of agents, in the long run.
type Outcome struct {
	Agents    int
	Wait      float64       // share that has to wait
	Abandoned float64       // share that gives up; 0 without Patience
	Level     float64       // answered within Target ÷ offered
	ASA       time.Duration // mean wait of the answered
	Occupancy float64       // share of the agents' time that is handling
}

// ErrOverloaded: without abandonment the line grows for ever.
var ErrOverloaded = errors.New("the load is not below the number of agents: without abandonment the line grows for ever")

// Erlang gives the stationary outcome, by Erlang C without Patience and by Erlang A with it. ErrOverloaded only without.
func (l Load) Erlang(agents int) (Outcome, error) {
	switch {
	case agents < 1 || l.PerHour < 0 || l.AHT <= 0 || l.Patience < 0 || l.Target < 0:
		return Outcome{}, errors.New("a load needs at least one agent, a handling time and no negative figures")
	case l.PerHour == 0:
		return Outcome{Agents: agents, Level: 1}, nil
	case l.Patience > 0:
		return l.erlangA(agents), nil
	case l.Erlangs() >= float64(agents):
		return Outcome{Agents: agents, Wait: 1, Occupancy: 1}, ErrOverloaded
	}
	return l.erlangC(agents), nil
}

// erlangC by way of the blocking of Erlang B, whose recursion does not overflow.
func (l Load) erlangC(agents int) Outcome {
	a, n := l.Erlangs(), float64(agents)
	b := 1.0
	for k := 1.0; k <= n; k++ {
		b = a * b / (k + a*b)
	}
	wait := n * b / (n - a*(1-b))
	drain := (n - a) / l.AHT.Seconds() // the line's rate of decline, per second
	return Outcome{Agents: agents, Wait: wait, Level: 1 - wait*math.Exp(-drain*l.Target.Seconds()),
		ASA: seconds(wait / drain), Occupancy: a / n}
}

// erlangA solves the birth and death process of the number in the system, and for each place in line the race between service and
// patience. Times are in units of the mean handling time.
func (l Load) erlangA(agents int) Outcome {
	lambda, theta := l.Erlangs(), l.AHT.Seconds()/l.Patience.Seconds()
	n := float64(agents)
	// Stationary weights relative to the mode, so that nothing overflows.
	mode := int(lambda)
	weight := map[int]float64{mode: 1}
	leave := func(k int) float64 { return math.Min(float64(k), n) + theta*math.Max(0, float64(k)-n) }
	sum, last := 1.0, mode
	for k, w := mode, 1.0; k > 0; k-- {
		w *= leave(k) / lambda
		if w < 1e-18 {
			break
		}
		weight[k-1] = w
		sum += w
	}
	for k, w := mode+1, 1.0; ; k++ {
		w *= lambda / leave(k)
		if w < 1e-18 && k > agents {
			break
		}
		weight[k], last = w, k
		sum += w
	}
	o := Outcome{Agents: agents}
	target := l.Target.Seconds() / l.AHT.Seconds()
	within := raceWon(max(0, last-agents), n, theta, target)
	var queue, answered, delay float64
	for k := 0; k <= last; k++ {
		p := weight[k] / sum
		if k < agents {
			o.Level += p
			answered += p
			o.Occupancy += p * float64(k) / n
			continue
		}
		o.Occupancy += p
		o.Wait += p
		o.Level += p * within[k-agents]
		queue += p * float64(k-agents)
		// Served in the end with the probability that each stage goes on rather than this customer leaving.
		served, stages := 1.0, 0.0
		for j := k - agents; j >= 0; j-- {
			rate := n + theta*float64(j)
			served *= rate / (rate + theta)
			stages += 1 / (rate + theta)
		}
		answered += p * served
		delay += p * served * stages // mean wait given service: the stages' lengths do not depend on who leaves
	}
	o.Abandoned = theta * queue / lambda
	if answered > 0 {
		o.ASA = seconds(delay / answered * l.AHT.Seconds())
	}
	return o
}

// raceWon gives, for each number of customers ahead from 0 to most, the probability of being served by the time t: a stage with j
// ahead ends at rate n + jθ, and meanwhile the customer leaves at rate θ. Uniformisation: the chain takes Poisson many steps.
func raceWon(most int, n, theta, t float64) []float64 {
	won := make([]float64, most+1)
	if t <= 0 {
		return won
	}
	top := n + theta*float64(most+1) // the largest total rate
	// value[j] is the chance of having been served after so many steps, from j ahead.
	value, next := make([]float64, most+1), make([]float64, most+1)
	mean := top * t
	for step := 0; ; step++ {
		p := poisson(step, mean)
		for j := range won {
			won[j] += p * value[j]
		}
		if float64(step) > mean && p < 1e-14 {
			return won
		}
		for j := range value {
			forward, ahead := (n+theta*float64(j))/top, 1.0
			if j > 0 {
				ahead = value[j-1]
			}
			next[j] = forward*ahead + (1-forward-theta/top)*value[j]
		}
		value, next = next, value
	}
}

func poisson(k int, mean float64) float64 {
	g, _ := math.Lgamma(float64(k) + 1)
	return math.Exp(float64(k)*math.Log(mean) - mean - g)
}

// Agents is the smallest number of agents with which at least that share is answered within Target, at most most. ok is false when
// even those do not do.
func (l Load) Agents(level float64, most int) (o Outcome, ok bool) {
	low, high := 1, most // with more agents the level does not fall
	for low < high {
		mid := (low + high) / 2
		if o, err := l.Erlang(mid); err == nil && o.Level >= level {
			high = mid
		} else {
			low = mid + 1
		}
	}
	o, err := l.Erlang(low)
	return o, err == nil && o.Level >= level
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
