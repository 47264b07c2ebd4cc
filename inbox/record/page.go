package record

import (
	"context"
	"database/sql"
)

// CustomerRecord is all that a customer's page shows at first.
type CustomerRecord struct {
	CustomerPage
	Organisations []Membership  `json:"organisations"`
	Relations     []Relation    `json:"relations"`
	Consents      []Consent     `json:"consents"` // what holds now, newest first
	Stages        []StageChange `json:"stages"`   // newest first
	Pins          []Pin         `json:"pins"`     // newest first
	Completeness  Completeness  `json:"completeness"`
	Limits        Limits        `json:"limits"` // for who asks
}

// StageChange is a step in a customer's life cycle.
type StageChange struct {
	Stage string `json:"stage"` // "": none
	At    Millis `json:"at"`
	By    string `json:"by"` // user; ByRule
	Why   string `json:"why,omitempty"`
	Touch string `json:"touch,omitempty"` // by rule: what caused it
}

func (t tree) stages(ctx context.Context, q querier) ([]StageChange, error) {
	return collect(ctx, q, func(rows *sql.Rows, s *StageChange) error { return rows.Scan(&s.Stage, &s.At, &s.By, &s.Why, &s.Touch) },
		"SELECT stage, happened_at, by_user, why, touch FROM stages WHERE customer IN ("+placeholders(1, len(t.list))+") ORDER BY happened_at DESC, id DESC LIMIT 200", t.ids()...)
}

// CustomerRecord reads a person's page with the profile; of one who was merged into another the other's. ErrNotFound.
func (db *DB) CustomerRecord(ctx context.Context, id string, set *RecordSetting, attributes []Attribute, now Millis) (CustomerRecord, error) {
	var p CustomerRecord
	at, err := db.read(ctx, func(q querier) (err error) {
		t, err := p.read(ctx, q, id)
		if err != nil {
			return err
		}
		if p.Organisations, err = t.memberships(ctx, q); err != nil {
			return err
		}
		if p.Relations, err = relationsOf(ctx, q, t.ids(), maxRelations); err != nil {
			return err
		}
		consents, err := t.consents(ctx, q)
		if err != nil {
			return err
		}
		p.Consents = holding(consents)
		if p.Stages, err = t.stages(ctx, q); err != nil {
			return err
		}
		p.Pins, err = pins(ctx, q, t.root)
		p.Completeness = p.complete(set, attributes, now)
		return err
	})
	p.At = at
	return p, err
}
