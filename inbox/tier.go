package inbox

import (
	"context"
	"errors"

	"tamas/inbox/record"
)

// tier is that of a new conversation's customer. Whole batches are asked for at once, when the first of their conversations is new; where no
// tiers are in use nothing is asked.
func (r *run) tier(ctx context.Context, in *inbound) (string, error) {
	if len(r.h.Settings().Routing.Tiers) == 0 {
		return "", nil
	}
	if r.tiers == nil {
		ids := make([]string, 0, len(r.batch)+1)
		ids = append(ids, in.identity.ID)
		for _, other := range r.batch {
			if other != in && !other.known {
				ids = append(ids, other.identity.ID)
			}
		}
		var err error
		if r.tiers, err = r.h.db.Tiers(ctx, ids); err != nil {
			return "", err
		}
	}
	return r.tiers[in.identity.ID], nil
}

// SetTier gives a customer's open conversations the tier that the record holds now. What cannot be changed is left to be logged: the
// row is what counts for the next conversation.
func (h *Hub) SetTier(ctx context.Context, by record.Actor, customer, tier string) error {
	page, err := h.db.Customer(ctx, customer)
	if err != nil {
		return err
	}
	mine := map[string]bool{}
	for _, i := range page.Identities {
		mine[i.ID] = true
	}
	live, _ := h.Live()
	var failed []error
	for i := range live {
		if !mine[live[i].Identity] || !live[i].Open() || live[i].Tier == tier {
			continue
		}
		_, err := h.Do(ctx, Command{By: by, Supervisor: true, Action: SetTier, Conversation: live[i].ID, Reason: tier})
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}
