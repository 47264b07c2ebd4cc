package inbox

import (
	"cmp"
	"slices"

	"tamas/inbox/record"
)

// inOrder sorts waiting conversations as the router serves them, over all their queues.
func inOrder(set *Settings, list []record.Conversation) {
	line := func(c *record.Conversation) record.Millis { return c.Line(set.Queues[c.Queue].Routing.Waiting) }
	slices.SortFunc(list, func(a, b record.Conversation) int {
		return cmp.Or(cmp.Compare(line(&a), line(&b)), cmp.Compare(a.WaitingSince, b.WaitingSince), cmp.Compare(a.ID, b.ID))
	})
}
