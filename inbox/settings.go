package inbox

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"tamas/inbox/calendar"
	"tamas/inbox/record"
)

// Settings is one reading of the rows that decisions depend on. It is never changed, only replaced.
type Settings struct {
	Queues   map[string]record.Queue
	Users    map[string]record.User
	Accounts map[string]record.Account
	Firm     Firm

	Routing   record.RoutingSetting
	Calendars map[string]record.Calendar
	SLA       []record.SLAPolicy // in order
	Alerts    []record.AlertRule // DefaultAlerts until somebody saves others
	Kinds     []record.Kind      // of touches that others log: the hub's, then the firm's own

	Attributes []record.Attribute
	Record     record.RecordSetting // record.DefaultRecordSetting until somebody saves another
	Privacy    record.PrivacySetting

	compiled map[string]*calendar.Calendar // of Calendars
	begun    int64                         // their reading's number
}

// Names of settings that are one value each.
const (
	FirmSetting      = "firm"
	RoutingSetting   = "routing"   // record.RoutingSetting
	CalendarsSetting = "calendars" // []record.Calendar
	SLASetting       = "sla"       // []record.SLAPolicy
	AlertsSetting    = "alerts"    // []record.AlertRule
	KindsSetting     = "kinds"     // []record.Kind, the firm's own

	AttributesSetting = "attributes" // []record.Attribute
	RecordSetting     = "record"     // record.RecordSetting
	PrivacySetting    = "privacy"    // record.PrivacySetting
)

// Firm is what the hub has to know of the setting "firm".
type Firm struct {
	Name     string `json:"name"`
	Timezone string `json:"timezone"` // IANA name; "": UTC
	Locale   string `json:"locale"`   // "en", "fa"
	Country  string `json:"country"`  // two letters: of phone numbers without one
}

// Member tells whether the user serves the queue.
func (s *Settings) Member(queue, user string) bool {
	return slices.Contains(s.Queues[queue].Members, user)
}

func (s *Settings) reopenHours(account string) int { return s.Accounts[account].ReopenHours }

// known tells these from those of a hub that has not read any yet.
func (s *Settings) known() bool { return s.Queues != nil }

// Settings gives the rows as last read.
func (h *Hub) Settings() *Settings { return h.settings.Load() }

type settingsBox = atomic.Pointer[Settings]

// ReadSettings reads the rows that decisions depend on.
func ReadSettings(ctx context.Context, db *record.DB) (*Settings, error) {
	s := &Settings{Queues: map[string]record.Queue{}, Users: map[string]record.User{}, Accounts: map[string]record.Account{},
		Record: record.DefaultRecordSetting()}
	queues, err := db.Queues(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the queues: %w", err)
	}
	for _, q := range queues {
		s.Queues[q.ID] = q
	}
	users, err := db.Users(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the users: %w", err)
	}
	for _, u := range users {
		s.Users[u.ID] = u
	}
	accounts, err := db.Accounts(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the accounts: %w", err)
	}
	for _, a := range accounts {
		s.Accounts[a.ID] = a
	}
	var calendars []record.Calendar
	var kinds []record.Kind
	for name, v := range map[string]any{FirmSetting: &s.Firm, RoutingSetting: &s.Routing, CalendarsSetting: &calendars, SLASetting: &s.SLA, AlertsSetting: &s.Alerts,
		KindsSetting: &kinds, AttributesSetting: &s.Attributes, RecordSetting: &s.Record, PrivacySetting: &s.Privacy} {
		version, err := db.Setting(ctx, name, v)
		if err != nil {
			return nil, fmt.Errorf("read the setting %s: %w", name, err)
		}
		if name == AlertsSetting && version == 0 {
			s.Alerts = DefaultAlerts()
		}
	}
	s.Kinds = record.AllKinds(kinds)
	s.Calendars, s.compiled = map[string]record.Calendar{}, map[string]*calendar.Calendar{}
	for _, c := range calendars {
		s.Calendars[c.ID] = c
		if ready, err := calendar.Of(c); err == nil {
			s.compiled[c.ID] = ready
		}
	}
	return s, nil
}

// readSettings reads them; when it returns, Settings gives what stood there when it was called, or what came later.
func (h *Hub) readSettings(ctx context.Context) error {
	begun := h.settingsBegun.Add(1)
	s, err := ReadSettings(ctx, h.db)
	if err != nil {
		return err
	}
	h.takeSettings(s, begun)
	return nil
}

// takeSettings has Settings give s from now on, unless a reading that began later has come before it: s would take back what changed in between.
func (h *Hub) takeSettings(s *Settings, begun int64) {
	s.begun = begun
	for was := h.settings.Load(); was.begun < begun; was = h.settings.Load() {
		if h.settings.CompareAndSwap(was, s) {
			h.settingsRead.broadcast()
			return
		}
	}
}

// settingsLoop rereads when the log says so, and now and then in case a change was written by somebody who
// could not say it.
func (h *Hub) settingsLoop(ctx context.Context) error {
	sub, _ := h.Subscribe("") // before each reading, never after it: a change in between would be missed
	defer func() { sub.Close() }()
	for first := true; ; first = false {
		changed := first
		timeout := time.After(h.rereadAfter)
		for !changed {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-timeout:
				changed = true
			case <-sub.C:
				frames, lost := sub.Next()
				if changed = lost; lost {
					sub.Close()
					sub, _ = h.Subscribe("")
				}
				for _, f := range frames {
					changed = changed || f.Event.Kind == record.EvSettings
				}
			}
		}
		if err := h.readSettings(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("settings could not be read", "err", err)
			if sleep(ctx, time.Second) != nil {
				return ctx.Err()
			}
		}
	}
}

// SettingsChanged rereads the settings here and tells every other node to.
func (h *Hub) SettingsChanged(ctx context.Context, topic string) error {
	if err := h.readSettings(ctx); err != nil {
		return err
	}
	_, _, err := h.commitSoon(ctx, "settings/"+tokenText(newToken()), func() (*record.Event, bool, error) {
		return &record.Event{Kind: record.EvSettings, Topic: topic, By: record.Actor{Kind: "system", ID: "settings"}}, false, nil
	})
	return err
}
