package record

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Why something that an import made or changed stays when it is undone.
const (
	LeftChanged = "changed" // somebody has changed it since
	LeftUsed    = "used"    // something else refers to it
	LeftMerged  = "merged"  // it was merged with another customer
)

// Left is something that stays.
type Left struct {
	Customer     string   `json:"customer,omitempty"`
	Organisation string   `json:"organisation,omitempty"`
	Name         string   `json:"name,omitempty"`
	Reason       string   `json:"reason"`
	Fields       []string `json:"fields,omitempty"` // of a customer who was there before
}

func oneText(rows *sql.Rows, s *string) error { return rows.Scan(s) }

func deadlocked(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "40P01" // the index and this wait for each other's customers
}

// UndoImportChanges gives at most limit fields of customers, or organisations, that an import changed back what they were, in order behind a position ("": from the
// first), and tells where it stopped ("": at the end) and what stays, because somebody has changed it since.
func (db *DB) UndoImportChanges(ctx context.Context, id, after string, limit int, by Decided) (next string, left []Left, err error) {
	customer, field, _ := strings.Cut(after, "\n")
	type change struct{ customer, field, before, after string }
	err = db.between(ctx, nil, func(q querier) (err error) {
		next, left = "", nil
		list, err := collect(ctx, q, func(rows *sql.Rows, c *change) error { return rows.Scan(&c.customer, &c.field, &c.before, &c.after) },
			`SELECT customer, field, before_json, after_json FROM import_changes WHERE import = $1 AND (customer > $2 OR customer = $2 AND field > $3)
			ORDER BY customer, field LIMIT $4`, id, customer, field, limit)
		if err != nil {
			return err
		}
		run := runner(ctx, q, &err)
		for _, c := range list {
			next = c.customer + "\n" + c.field
			is, name, of, err2 := ownValue(ctx, q, c.customer, c.field)
			if err2 != nil {
				return err2
			}
			if of == "" {
				continue
			}
			if !sameJSON(orNull(is), json.RawMessage(c.after)) {
				l := Left{Customer: c.customer, Name: name, Reason: LeftChanged, Fields: []string{c.field}}
				if of == OfOrganisation {
					l.Customer, l.Organisation = "", c.customer
				}
				left = append(left, l)
				continue
			}
			before := json.RawMessage(c.before)
			none := c.before == "null"
			switch tag, isTag := strings.CutPrefix(c.field, changedTag); {
			case isTag:
				run("DELETE FROM tags WHERE subject = $1 AND tag = $2", c.customer, tag)
			case strings.HasPrefix(c.field, changedOrganisation):
				run("DELETE FROM members WHERE customer = $1 AND organisation = $2", c.customer, strings.TrimPrefix(c.field, changedOrganisation))
			case strings.HasPrefix(c.field, changedConsent):
				run("DELETE FROM consents WHERE id = $1", strings.TrimPrefix(c.field, changedConsent))
			case of == OfOrganisation && c.field == FieldName:
				run("UPDATE organisations SET name = $2, folded = $3 WHERE id = $1", c.customer, said[string](before), foldedName(said[string](before)))
				noteField(run, c.customer, c.field, is, before, by)
			case c.field == FieldName || c.field == FieldTier:
				run("UPDATE customers SET "+c.field+" = $2 WHERE id = $1", c.customer, said[string](before))
				noteField(run, c.customer, c.field, is, before, by)
			default:
				if none {
					before = nil
				}
				sayField(run, c.customer, c.field, before)
				noteField(run, c.customer, c.field, is, before, by)
				if c.field == FieldStage {
					run("INSERT INTO stages (id, customer, stage, happened_at, by_user, why) VALUES ($1, $2, $3, $4, $5, '')", NewID("s"), c.customer, said[string](before), int64(by.At), by.By)
				}
			}
			run("DELETE FROM import_changes WHERE import = $1 AND customer = $2 AND field = $3", id, c.customer, c.field)
			if of == OfOrganisation {
				run("UPDATE organisations SET stale = 1, version = version + CASE WHEN imported = $2 THEN 0 ELSE 1 END WHERE id = $1", c.customer, id)
			} else {
				run("UPDATE customers SET stale = 1, seek = seek + 1, version = version + 1 WHERE id = $1", c.customer)
			}
		}
		if len(list) < limit {
			next = ""
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("undo an import's changes: %w", err)
	}
	return next, left, err
}

func orNull(v json.RawMessage) json.RawMessage {
	if v == nil {
		return json.RawMessage("null")
	}
	return v
}

// ownValue is what a customer's, or an organisation's, own row says of a field of import_changes, and which of both it is: "" when it is gone.
func ownValue(ctx context.Context, q querier, customer, field string) (v json.RawMessage, name, of string, err error) {
	var tier string
	err = q.QueryRowContext(ctx, "SELECT name, tier, 'customer' FROM customers WHERE id = $1 UNION ALL SELECT name, '', 'organisation' FROM organisations WHERE id = $1", customer).Scan(&name, &tier, &of)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, "", "", nil
	}
	if err != nil {
		return nil, "", "", err
	}
	text := func(s string) json.RawMessage {
		if s == "" {
			return nil
		}
		b, _ := json.Marshal(s)
		return b
	}
	var list []string
	switch tag, isTag := strings.CutPrefix(field, changedTag); {
	case field == FieldName:
		return text(name), name, of, nil
	case field == FieldTier:
		return text(tier), name, of, nil
	case isTag:
		list, err = collect(ctx, q, oneText, "SELECT 'true' FROM tags WHERE subject = $1 AND tag = $2", customer, tag)
	case strings.HasPrefix(field, changedConsent):
		list, err = collect(ctx, q, oneText, "SELECT 'true' FROM consents WHERE id = $1", strings.TrimPrefix(field, changedConsent))
	case strings.HasPrefix(field, changedOrganisation):
		list, err = collect(ctx, q, oneText, "SELECT role FROM members WHERE customer = $1 AND organisation = $2", customer, strings.TrimPrefix(field, changedOrganisation))
		if len(list) > 0 {
			b, _ := json.Marshal(list[0])
			list[0] = string(b)
		}
	default:
		list, err = collect(ctx, q, oneText, "SELECT value FROM fields WHERE subject = $1 AND field = $2", customer, field)
	}
	if len(list) > 0 {
		v = json.RawMessage(list[0])
	}
	return v, name, of, err
}

const (
	usedIdentity = `EXISTS (SELECT 1 FROM touches t WHERE t.identity = i.id) OR EXISTS (SELECT 1 FROM conversations c WHERE c.identity = i.id)
		OR EXISTS (SELECT 1 FROM links l WHERE l.identity = i.id AND l.step > 1) OR i.consent <> '' OR i.blocked = 1 OR i.unreachable <> ''
		OR ` + heldBy
	usedCustomer = `EXISTS (SELECT 1 FROM identities i WHERE (i.customer = u.id OR i.home = u.id) AND (i.channel <> '` + OwnChannel + `' OR ` + usedIdentity + `)) OR EXISTS (SELECT 1 FROM consents c WHERE c.customer = u.id)
		OR EXISTS (SELECT 1 FROM relations r WHERE r.from_customer = u.id OR r.to_customer = u.id) OR EXISTS (SELECT 1 FROM holds h WHERE h.customer = u.id)`
	mergedCustomer = `u.root <> '' OR EXISTS (SELECT 1 FROM customers m WHERE m.root = u.id AND m.root <> '') OR EXISTS (SELECT 1 FROM merges m WHERE m.from_customer = u.id OR m.into_customer = u.id)`
)

// UndoImportIdentities removes at most limit identities that an import made and that nothing refers to, behind an id, and tells where it
// stopped ("": at the end). Whoever the import made and somebody has changed since it was done keeps them.
func (db *DB) UndoImportIdentities(ctx context.Context, id, after string, limit int, done Millis) (next string, err error) {
	type row struct {
		id, customer string
		used         bool
	}
	err = db.between(ctx, nil, func(q querier) (err error) {
		next = ""
		list, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.id, &r.customer, &r.used) },
			"SELECT i.id, i.customer, CASE WHEN "+usedIdentity+" OR EXISTS (SELECT 1 FROM customers u WHERE u.id = i.home AND u.imported = i.imported AND u.confirmed_at > $4) THEN 1 ELSE 0 END"+
				" FROM identities i WHERE i.imported <> '' AND i.imported = $1 AND i.id > $2 ORDER BY i.id LIMIT $3", id, after, limit, int64(done))
		if err != nil {
			return err
		}
		run := runner(ctx, q, &err)
		for _, r := range list {
			next = r.id
			if r.used {
				continue
			}
			run("DELETE FROM links WHERE identity = $1", r.id)
			run("DELETE FROM hints WHERE identity = $1 OR other = $1", r.id)
			run("DELETE FROM link_uses WHERE identity = $1", r.id)
			run("DELETE FROM identities WHERE id = $1", r.id)
			run("UPDATE customers SET stale = 1, seek = seek + 1 WHERE id = $1", r.customer)
		}
		if len(list) < limit {
			next = ""
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("undo an import's identities: %w", err)
	}
	return next, err
}

// UndoImportCustomers removes at most limit customers that an import made and that nothing refers to, behind an id, and tells where it stopped
// ("": at the end) and who stays. done is when the import ended: who was changed later stays too.
func (db *DB) UndoImportCustomers(ctx context.Context, id, after string, limit int, done Millis) (next string, left []Left, err error) {
	type row struct {
		id, name              string
		used, merged, changed bool
	}
	err = db.between(ctx, nil, func(q querier) (err error) {
		next, left = "", nil
		list, err := collect(ctx, q, func(rows *sql.Rows, r *row) error { return rows.Scan(&r.id, &r.name, &r.used, &r.merged, &r.changed) },
			"SELECT u.id, u.name, CASE WHEN "+usedCustomer+" THEN 1 ELSE 0 END, CASE WHEN "+mergedCustomer+` THEN 1 ELSE 0 END, CASE WHEN u.confirmed_at > $4 THEN 1 ELSE 0 END
			FROM customers u WHERE u.imported <> '' AND u.imported = $1 AND u.id > $2 ORDER BY u.id LIMIT $3`, id, after, limit, int64(done))
		if err != nil {
			return err
		}
		if err := db.lockSearch(ctx, q); err != nil {
			return err
		}
		run := runner(ctx, q, &err)
		for _, r := range list {
			next = r.id
			stays := ""
			switch {
			case r.merged:
				stays = LeftMerged
			case r.changed:
				stays = LeftChanged
			case r.used:
				stays = LeftUsed
			}
			if stays != "" {
				left = append(left, Left{Customer: r.id, Name: r.name, Reason: stays})
				continue
			}
			for _, stmt := range []string{"DELETE FROM fields WHERE subject = $1", "DELETE FROM field_history WHERE subject = $1", "DELETE FROM tags WHERE subject = $1",
				"DELETE FROM stages WHERE customer = $1", "DELETE FROM members WHERE customer = $1", "DELETE FROM likenesses WHERE customer = $1",
				"DELETE FROM suggestions WHERE a = $1 OR b = $1", "DELETE FROM seen WHERE customer = $1", "DELETE FROM import_changes WHERE customer = $1", "DELETE FROM identities WHERE home = $1", "DELETE FROM customers WHERE id = $1"} {
				run(stmt, r.id)
			}
			if err == nil {
				err = db.unname(ctx, q, r.id)
			}
		}
		if len(list) < limit {
			next = ""
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("undo an import's customers: %w", err)
	}
	return next, left, err
}

// UndoImportOrganisations removes the organisations that an import made, that have no members and that nobody has changed since, and tells which stay.
func (db *DB) UndoImportOrganisations(ctx context.Context, id string) (left []Left, err error) {
	err = db.between(ctx, nil, func(q querier) (err error) {
		if err := db.lockSearch(ctx, q); err != nil {
			return err
		}
		const stays = "(EXISTS (SELECT 1 FROM members m WHERE m.organisation = organisations.id) OR version > 1)"
		left, err = collect(ctx, q, func(rows *sql.Rows, l *Left) error { return rows.Scan(&l.Organisation, &l.Name, &l.Reason) },
			"SELECT id, name, CASE WHEN version > 1 THEN '"+LeftChanged+"' ELSE '"+LeftUsed+"' END FROM organisations WHERE imported <> '' AND imported = $1 AND "+stays+" ORDER BY id LIMIT 1000", id)
		if err != nil {
			return err
		}
		run := runner(ctx, q, &err)
		const gone = "imported <> '' AND imported = $1 AND NOT " + stays
		names, err := collect(ctx, q, oneText, "SELECT id FROM organisations WHERE "+gone, id)
		if err != nil {
			return err
		}
		for _, of := range []string{"fields", "field_history", "tags"} {
			run("DELETE FROM "+of+" WHERE subject IN (SELECT id FROM organisations WHERE "+gone+")", id)
		}
		run("DELETE FROM import_changes WHERE customer IN (SELECT id FROM organisations WHERE "+gone+")", id)
		run("DELETE FROM organisations WHERE "+gone, id)
		for _, name := range names {
			if err == nil {
				err = db.unname(ctx, q, name)
			}
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("undo an import's organisations: %w", err)
	}
	return left, err
}
