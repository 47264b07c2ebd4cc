package inbox

import (
	"cmp"
	"math"
	"slices"

	"tamas/inbox/record"
)

// inOrder sorts waiting conversations as they are served: each queue by its own order, several by score.
func inOrder(set *Settings, list []record.Conversation) {
	slices.SortFunc(list, func(a, b record.Conversation) int {
		return cmp.Or(cmp.Compare(age(&a), age(&b)), cmp.Compare(a.WaitingSince, b.WaitingSince), cmp.Compare(a.ID, b.ID))
	})
	// A queue by the time left has the same places among the others, in its own order.
	places := map[string][]int{}
	for i := range list {
		if q := list[i].Queue; set.Queues[q].Routing.Waiting == record.WaitSLA {
			places[q] = append(places[q], i)
		}
	}
	for _, at := range places {
		own := make([]record.Conversation, len(at))
		for i, place := range at {
			own[i] = list[place]
		}
		slices.SortStableFunc(own, func(a, b record.Conversation) int { return cmp.Compare(due(&a), due(&b)) })
		for i, place := range at {
			list[place] = own[i]
		}
	}
}

// age is by when a conversation has its place by score: each minute of priority is one that it waits longer.
func age(c *record.Conversation) record.Millis {
	return c.WaitingSince - record.Millis(c.Priority)*60_000
}

// due is when the first of its clocks runs out.
func due(c *record.Conversation) record.Millis {
	first := record.Millis(math.MaxInt64)
	if c.SLA != nil {
		for _, k := range c.SLA.Clocks {
			if k.Due > 0 {
				first = min(first, k.Due)
			}
		}
	}
	return first
}
