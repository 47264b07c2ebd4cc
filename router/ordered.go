package router

import "slices"

// ordered is a sorted list that is mostly taken from its front and added to at its back. before must be a strict
// total order that does not change while an item is in the list.
type ordered[T interface {
	comparable
	before(T) bool
}] struct {
	items []T // those before head are gone
	head  int
}

func (o *ordered[T]) len() int   { return len(o.items) - o.head }
func (o *ordered[T]) at(i int) T { return o.items[o.head+i] }
func (o *ordered[T]) all() []T   { return o.items[o.head:] }

// search gives the index of the first item that is not before x.
func (o *ordered[T]) search(x T) int {
	lo, hi := o.head, len(o.items)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if o.items[mid].before(x) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func (o *ordered[T]) insert(x T) {
	if i := o.search(x); i == o.head && o.head > 0 {
		o.head--
		o.items[o.head] = x
	} else {
		o.items = slices.Insert(o.items, i, x)
	}
}

// remove takes out x, which must be in the list.
func (o *ordered[T]) remove(x T) {
	i := o.search(x)
	if i == len(o.items) || o.items[i] != x {
		panic("router: an item left its list without being taken out")
	}
	var zero T
	if i == o.head {
		o.items[i] = zero
		if o.head++; o.head == len(o.items) {
			o.items, o.head = o.items[:0], 0
		} else if o.head > 64 && o.head > len(o.items)/2 {
			n := copy(o.items, o.items[o.head:])
			clear(o.items[n:])
			o.items, o.head = o.items[:n], 0
		}
		return
	}
	o.items = slices.Delete(o.items, i, i+1)
}
