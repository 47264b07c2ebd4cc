package record

import (
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
)

// cell sums facts of one kind and reason. Percentiles are read from the histograms.
type cell struct {
	N, OK, OK2  int64
	Sum, OKSum  int64 // of Value; of those with OK
	Sum2        int64 // of Second
	Max, Max2   int64
	Hist, Hist2 hist // of durations
}

// cellKey names a cell.
type cellKey struct{ kind, reason string }

// cells are what one row of rollups holds.
type cells map[cellKey]*cell

// hist counts durations in buckets that grow by gamma, so that whatever is read from it is at most 2 % off (DDSketch, Masson et al. 2019).
type hist map[int32]int64

// gamma is (1+a)/(1-a) for a relative error a of 2 %.
const gamma = 1.02 / 0.98

var logGamma = math.Log(gamma)

func bucket(v int64) int32 {
	if v < 1 {
		return 0
	}
	return 1 + int32(math.Ceil(math.Log(float64(v))/logGamma-1e-9))
}

// middle is the value that a bucket stands for.
func middle(b int32) float64 {
	if b == 0 {
		return 0
	}
	return 2 * math.Pow(gamma, float64(b-1)) / (gamma + 1)
}

// quantile is the value that a share q of all does not exceed; 0 of an empty one.
func (h hist) quantile(q float64) float64 {
	var n int64
	for _, c := range h {
		n += c
	}
	rank := max(int64(math.Ceil(q*float64(n))), 1)
	for _, b := range slices.Sorted(maps.Keys(h)) {
		if rank -= h[b]; rank <= 0 {
			return middle(b)
		}
	}
	return 0
}

// durations are the kinds whose Value has a histogram.
var durations = map[string]bool{FactAnswered: true, FactAbandoned: true, FactFlowOut: true, FactAccepted: true, FactFirst: true, FactNext: true,
	FactHandled: true, FactResolved: true, FactSLAFirst: true, FactSLANext: true, FactSLAResolve: true, FactEstimate: true}

func (c cells) of(kind, reason string) *cell {
	x := c[cellKey{kind, reason}]
	if x == nil {
		x = &cell{}
		c[cellKey{kind, reason}] = x
	}
	return x
}

// add counts a fact.
func (c cells) add(f *Fact) {
	x := c.of(f.Kind, f.Reason)
	x.N++
	x.Sum += f.Value
	x.Sum2 += f.Second
	x.Max, x.Max2 = max(x.Max, f.Value), max(x.Max2, f.Second)
	if f.OK {
		x.OK++
		x.OKSum += f.Value
	}
	x.OK2 += flag(f.OK2)
	if durations[f.Kind] {
		if x.Hist == nil {
			x.Hist, x.Hist2 = hist{}, hist{}
		}
		x.Hist[bucket(f.Value)]++
		x.Hist2[bucket(f.Second)]++
	}
}

// merge adds what another sums.
func (x *cell) merge(y *cell) {
	x.N, x.OK, x.OK2, x.Sum, x.OKSum, x.Sum2 = x.N+y.N, x.OK+y.OK, x.OK2+y.OK2, x.Sum+y.Sum, x.OKSum+y.OKSum, x.Sum2+y.Sum2
	x.Max, x.Max2 = max(x.Max, y.Max), max(x.Max2, y.Max2)
	x.Hist, x.Hist2 = x.Hist.merge(y.Hist), x.Hist2.merge(y.Hist2)
}

func (h hist) merge(o hist) hist {
	if h == nil && len(o) > 0 {
		h = make(hist, len(o))
	}
	for b, n := range o {
		h[b] += n
	}
	return h
}

// encode writes the cells in order of their keys: kind, reason, length of the rest, numbers, histograms.
func (c cells) encode() []byte {
	keys := slices.SortedFunc(maps.Keys(c), func(a, b cellKey) int {
		if a.kind != b.kind {
			return strings.Compare(a.kind, b.kind)
		}
		return strings.Compare(a.reason, b.reason)
	})
	var out, body []byte
	for _, k := range keys {
		x := c[k]
		body = body[:0]
		for _, v := range []int64{x.N, x.OK, x.OK2, x.Sum, x.OKSum, x.Sum2, x.Max, x.Max2} {
			body = binary.AppendVarint(body, v)
		}
		body = x.Hist.encode(body)
		body = x.Hist2.encode(body)
		out = appendText(out, k.kind)
		out = appendText(out, k.reason)
		out = binary.AppendUvarint(out, uint64(len(body)))
		out = append(out, body...)
	}
	return out
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func (h hist) encode(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(h)))
	last := int32(0)
	for _, k := range slices.Sorted(maps.Keys(h)) {
		b = binary.AppendUvarint(b, uint64(k-last))
		b = binary.AppendUvarint(b, uint64(h[k]))
		last = k
	}
	return b
}

var errCells = errors.New("broken sums")

// mergeInto adds the encoded cells of the kinds that are wanted, nil: all; the others are skipped unread.
func mergeInto(c cells, b []byte, want map[string]bool, hists bool) error {
	r := reader{b: b}
	for len(r.b) > 0 && !r.bad {
		kind, reason := r.bytes(), r.bytes()
		body := r.bytes()
		if r.bad {
			break
		}
		if want != nil && !want[string(kind)] {
			continue
		}
		x := c[cellKey{string(kind), string(reason)}]
		if x == nil {
			x = &cell{}
			c[cellKey{string(kind), string(reason)}] = x
		}
		p := reader{b: body}
		x.N += p.varint()
		x.OK += p.varint()
		x.OK2 += p.varint()
		x.Sum += p.varint()
		x.OKSum += p.varint()
		x.Sum2 += p.varint()
		x.Max, x.Max2 = max(x.Max, p.varint()), max(x.Max2, p.varint())
		if hists {
			x.Hist = p.hist(x.Hist)
			x.Hist2 = p.hist(x.Hist2)
		}
		if p.bad {
			return errCells
		}
	}
	if r.bad {
		return errCells
	}
	return nil
}

// reader reads what encode wrote; bad after anything else.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// varint undoes the zigzag of binary.AppendVarint.
func (r *reader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return nil
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) hist(h hist) hist {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad = true
		return h
	}
	if h == nil && n > 0 {
		h = make(hist, n)
	}
	at := int32(0)
	for range n {
		at += int32(r.uvarint())
		h[at] += int64(r.uvarint())
	}
	return h
}
