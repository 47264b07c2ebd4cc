package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tamas/channels"
	"tamas/inbox/record"
)

// MaxLog is how many entries may be logged at once.
const MaxLog = 1000

// What became of an entry.
const (
	LogRecorded = "recorded"
	LogKnown    = "known"   // the source has logged its id before; nothing changed
	LogRefused  = "refused" // with Error; the same again would be refused again
)

// Logged is what became of an entry.
type Logged struct {
	ID     string    `json:"id"`
	Touch  string    `json:"touch,omitempty"`
	Status string    `json:"status"`
	Error  *LogError `json:"error,omitempty"`
}

// LogError says what is wrong with an entry.
type LogError struct {
	Field   string `json:"field"`
	Message string `json:"message"` // a sentence for people
}

// LogRules are what entries are checked against now.
func (h *Hub) LogRules() *record.LogRules {
	set := h.Settings()
	return &record.LogRules{Now: h.Now(), Region: set.Region(), Kinds: set.Kinds, User: set.user, Record: h.db}
}

// user finds a colleague by id or email address.
func (s *Settings) user(idOrEmail string) (string, bool) {
	if u, ok := s.Users[idOrEmail]; ok {
		return u.ID, true
	}
	for _, u := range s.Users {
		if strings.EqualFold(u.Email, idOrEmail) {
			return u.ID, true
		}
	}
	return "", false
}

// Region is the country that phone numbers without one are of: the firm's, else that of one of its SMS accounts, else what its language says.
func (s *Settings) Region() string {
	if s.Firm.Country != "" {
		return s.Firm.Country
	}
	regions := []string{}
	for _, a := range s.Accounts {
		var set struct {
			Region string `json:"region"`
		}
		if a.Kind == "sms" && !a.Archived && json.Unmarshal(a.Settings, &set) == nil && set.Region != "" {
			regions = append(regions, strings.ToUpper(set.Region))
		}
	}
	slices.Sort(regions)
	if regions = slices.Compact(regions); len(regions) == 1 {
		return regions[0]
	}
	if s.Firm.Locale == "fa" || s.Firm.Timezone == "Asia/Tehran" {
		return "IR"
	}
	return ""
}

// logging is an entry on its way into the log.
type logging struct {
	touch    *record.Touch
	identity *record.Identity
	out      *Logged
	key      string // the command's
	id       record.ID
	epoch    string
}

// Log records what others say happened, in order, each once by its source and id, and tells what became of each; it waits once for
// all. It begins no conversation and wakes nobody. Errors: channels.ErrUnrecorded, channels.ErrOverloaded: some may be recorded, send all again.
func (h *Hub) Log(ctx context.Context, by record.Actor, entries []record.Entry) ([]Logged, error) {
	if len(entries) > MaxLog {
		return nil, invalid("touches", "At most %d touches are taken at once.", MaxLog)
	}
	if h.unrecorded() > h.maxUnrecorded {
		return nil, channels.ErrOverloaded
	}
	ctx, cancel := context.WithTimeout(ctx, 2*h.recordWait)
	defer cancel()
	out := make([]Logged, len(entries))
	todo, err := h.prepareLog(ctx, by, entries, out)
	if err != nil {
		return nil, unrecorded(err)
	}
	n := len(todo)
	for len(todo) > 0 {
		for _, l := range todo {
			if err := h.appendLog(ctx, by, l); err != nil {
				return nil, unrecorded(err)
			}
		}
		dropped := todo[:0]
		for _, l := range todo {
			switch err := h.await(ctx, l.id, l.epoch); {
			case errors.Is(err, errDropped): // with an unrecorded tail: nobody was told of it
				dropped = append(dropped, l)
			case err != nil:
				return nil, err
			}
		}
		todo = dropped
	}
	h.metrics.received.WithLabelValues("touches").Add(float64(n))
	return out, nil
}

// prepareLog checks the entries and finds whose they are. It gives those that are to be appended, and answers the others.
func (h *Hub) prepareLog(ctx context.Context, by record.Actor, entries []record.Entry, out []Logged) ([]*logging, error) {
	rules := h.LogRules()
	refused := func(at int, err error) error {
		var field *channels.FieldError
		if !errors.As(err, &field) {
			return err
		}
		out[at].Status, out[at].Error = LogRefused, &LogError{field.Field, field.Field + ": " + field.Reason + "."}
		return nil
	}
	var list []*logging
	var whose []*record.Identity
	at := map[*logging]int{}
	ids := map[string][]string{} // source → ids
	for i := range entries {
		out[i].ID = entries[i].ID
		t, identity, err := rules.Touch(entries[i], by)
		if err != nil {
			if err := refused(i, err); err != nil {
				return nil, err
			}
			continue
		}
		if err := h.maskLogged(t); err != nil {
			return nil, err
		}
		l := &logging{touch: t, identity: identity, out: &out[i], key: "log/" + t.Account + "/" + t.Key}
		at[l] = i
		list, whose = append(list, l), append(whose, identity)
		source := strings.TrimPrefix(t.Account, "@")
		ids[source] = append(ids[source], t.Key)
	}
	known := map[string]string{} // command key → touch
	for source, keys := range ids {
		found, err := h.db.Logged(ctx, source, keys)
		if err != nil {
			return nil, err
		}
		for key, touch := range found {
			known["log/"+record.SourceOf(source)+"/"+key] = touch
		}
	}
	there, err := h.db.Settle(ctx, whose)
	if err != nil {
		return nil, err
	}
	todo := list[:0]
	for i, l := range list {
		switch touch, ok := known[l.key]; {
		case ok:
			l.out.Status, l.out.Touch = LogKnown, touch
		case !there[i]:
			field := "customer.identity"
			if l.identity.Channel == record.OwnChannel {
				field = "customer.id"
			}
			_ = refused(at[l], &channels.FieldError{Field: field, Reason: "there is none"})
		default:
			l.touch.Identity = l.identity.ID
			todo = append(todo, l)
		}
	}
	return todo, nil
}

// appendLog appends one entry's event, or finds the one that its id has.
func (h *Hub) appendLog(ctx context.Context, by record.Actor, l *logging) error {
	e, epoch, err := h.commitSoon(ctx, l.key, func() (*record.Event, bool, error) {
		t, i := *l.touch, *l.identity
		return &record.Event{Kind: record.EvLogged, By: by, Identity: &i, Touch: &t}, false, nil
	})
	var dup *duplicate
	switch {
	case errors.As(err, &dup):
		l.id, l.epoch = dup.ID, epoch
		l.out.Status, l.out.Touch = LogKnown, tokenText(dup.ID.Token)
	case err != nil:
		return fmt.Errorf("log a touch: %w", err)
	default:
		l.id, l.epoch = e.ID, epoch
		l.out.Status, l.out.Touch = LogRecorded, e.Touch.ID
	}
	return nil
}
