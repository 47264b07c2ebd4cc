package record

import "context"

// PrivacySetting is what is masked in messages, and what is not kept for ever.
type PrivacySetting struct {
	Cards       bool            `json:"cards"`        // numbers of payment cards
	NationalIDs string          `json:"national_ids"` // "": no; "named": beside a word that says so; "always"
	Passwords   bool            `json:"passwords"`    // and one-time codes
	Keep        bool            `json:"keep"`         // what was masked, encrypted; else it is nowhere
	Reveal      string          `json:"reveal"`       // role from which on it may be seen; "": nobody
	Retention   []RetentionRule `json:"retention"`
}

// What a rule takes away.
const (
	RetainText     = "text"     // of touches, with their files: that they were stays
	RetainCustomer = "customer" // the whole person is erased
)

// RetentionRule says what goes when it is old.
type RetentionRule struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Enabled  bool     `json:"enabled"`
	Days     int      `json:"days"`            // since it happened; of "customer": since the last touch
	What     string   `json:"what"`            // see above
	Kinds    []string `json:"kinds"`           // of touches; empty: all
	Channels []string `json:"channels"`        // empty: all
	Without  string   `json:"without_purpose"` // only customers who have not given consent to this purpose; "": all
}

// Noted writes entries of the audit alone.
func (db *DB) Noted(ctx context.Context, notes ...Note) error {
	return db.writeNoted(ctx, notes, func(querier) error { return nil })
}
