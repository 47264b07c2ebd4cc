package record

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Completeness tells how much of what a profile should have is there, and whether it is fresh.
type Completeness struct {
	Percent int      `json:"percent"` // of the required fields
	Missing []string `json:"missing"`
	Stale   bool     `json:"stale"` // nobody has changed or confirmed it for too long
	Since   Millis   `json:"since"` // when somebody last did, or it began
}

// requiredOf are the fields that a customer should have.
func requiredOf(set *RecordSetting, attributes []Attribute) []string {
	list := slices.Clone(set.Required)
	for _, a := range attributes {
		if a.Required && !a.Archived && a.Of == OfCustomer {
			list = append(list, FieldOf(a.ID))
		}
	}
	return list
}

// Asks are the setting and the attributes of which a sight's complete record is made: what may not be seen is not asked for.
func (s Sight) Asks(set *RecordSetting, attributes []Attribute) (*RecordSetting, []Attribute) {
	seen := *set
	seen.Required, attributes = s.fields(slices.Clone(set.Required)), slices.Clone(attributes)
	for i := range attributes {
		attributes[i].Required = attributes[i].Required && s.Sees(FieldOf(attributes[i].ID))
	}
	return &seen, attributes
}

// canBeReached tells an identity that is an address, at which somebody can be reached as far as one knows.
func canBeReached(i Identity) bool { return i.Channel != OwnChannel && i.Unreachable == "" }

func (p *CustomerRecord) complete(set *RecordSetting, attributes []Attribute, now Millis) Completeness {
	missing := []string{}
	for _, f := range requiredOf(set, attributes) {
		has := p.Customer.value(f) != nil
		switch f {
		case FieldAddress:
			has = slices.ContainsFunc(p.Identities, canBeReached)
		case FieldOrganisations:
			has = len(p.Organisations) > 0
		case FieldConsents:
			has = len(p.Consents) > 0
		}
		if !has {
			missing = append(missing, f)
		}
	}
	return completeness(missing, max(p.Customer.CreatedAt, p.Customer.ConfirmedAt), set, attributes, now)
}

func completeness(missing []string, since Millis, set *RecordSetting, attributes []Attribute, now Millis) Completeness {
	c := Completeness{Percent: 100, Missing: missing, Since: since}
	if n := len(requiredOf(set, attributes)); n > 0 {
		c.Percent = 100 * (n - len(missing)) / n
	}
	c.Stale = set.StaleDays > 0 && since < staleBefore(set, now)
	return c
}

func staleBefore(set *RecordSetting, now Millis) Millis {
	return now - Millis(set.StaleDays)*24*3600_000
}

// Lists of customers whose record wants something.
const (
	FixIncomplete  = "incomplete"  // a required field is missing
	FixStale       = "stale"       // nobody has changed or confirmed it for too long
	FixUnreachable = "unreachable" // nothing arrives at an address
	FixTwins       = "twins"       // it may be of the same person as another
)

// FixLists are all of them.
var FixLists = []string{FixIncomplete, FixStale, FixUnreachable, FixTwins}

// FixHit is a customer on such a list.
type FixHit struct {
	ID            string       `json:"id"`
	Name          string       `json:"name"`
	Address       string       `json:"address"` // the first one; on the list of who is unreachable that at which nothing has arrived most recently
	Channel       string       `json:"channel"`
	CreatedAt     Millis       `json:"created_at"`
	Version       int64        `json:"version"`
	Completeness  Completeness `json:"completeness"`
	Unreachable   string       `json:"unreachable,omitempty"` // why nothing arrives, at the address that failed last
	UnreachableAt Millis       `json:"unreachable_at,omitempty"`
	ErasedAt      Millis       `json:"erased_at,omitempty"` // of who stands for somebody who was erased: on no list but that of all
}

// FixPage is a piece of a list, the newest customers first.
type FixPage struct {
	Items  []FixHit       `json:"items"`
	Next   string         `json:"next"`             // to be given as before; "" at the end
	Counts map[string]int `json:"counts,omitempty"` // of each list, on the first page of one; maxCounted is that or more
}

const maxCounted = 1000

// fixing writes the conditions of the lists. u is a root.
type fixing struct {
	set        *RecordSetting
	attributes []Attribute
	now        Millis
	args       []any
}

func (x *fixing) arg(v any) string {
	x.args = append(x.args, v)
	return fmt.Sprintf("$%d", len(x.args))
}

// listed leaves out rows of customers whose addresses have gone to others, and of whom nobody has said anything.
const listed = "u.root = '' AND (u.confirmed_at > 0 OR EXISTS (SELECT 1 FROM identities i WHERE i.customer = u.id))"

// lacks is the condition that a field is missing.
func (x *fixing) lacks(field string) string {
	// of is a condition on rows of the root's tree, whose customer is the column.
	of := func(table, column, more string) string {
		return fmt.Sprintf(`NOT EXISTS (SELECT 1 FROM %[1]s r WHERE r.%[2]s = u.id%[3]s) AND NOT EXISTS (SELECT 1 FROM customers m JOIN %[1]s r ON r.%[2]s = m.id WHERE m.root = u.id AND m.root <> ''%[3]s)`, table, column, more)
	}
	switch field {
	case FieldName:
		return shownName + " = ''"
	case FieldTier:
		return shownTier + " = ''"
	case FieldTags:
		return of("tags", "subject", "")
	case FieldOrganisations:
		return of("members", "customer", "")
	case FieldConsents:
		return of("consents", "customer", "") + " AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.customer = u.id AND i.consent <> '')"
	case FieldAddress:
		return "NOT EXISTS (SELECT 1 FROM identities i WHERE i.customer = u.id AND i.channel <> '" + OwnChannel + "' AND i.unreachable = '')"
	}
	f := x.arg(field)
	own := "SELECT 1 FROM fields r WHERE r.subject = u.id AND r.field = " + f
	return "NOT EXISTS (" + own + " AND r.value <> 'null') AND (EXISTS (" + own + ") OR NOT EXISTS (SELECT 1 FROM customers m JOIN fields r ON r.subject = m.id WHERE m.root = u.id AND m.root <> '' AND r.field = " + f + " AND r.value <> 'null'))"
}

func (x *fixing) condition(list string) string {
	switch list {
	case FixIncomplete:
		or := []string{"1 = 0"}
		for _, f := range requiredOf(x.set, x.attributes) {
			or = append(or, "("+x.lacks(f)+")")
		}
		return listed + " AND u.erased_at = 0 AND (" + strings.Join(or, " OR ") + ")"
	case FixStale:
		if x.set.StaleDays == 0 {
			return "1 = 0"
		}
		at := x.arg(int64(staleBefore(x.set, x.now)))
		return listed + " AND u.erased_at = 0 AND u.created_at < " + at + " AND u.confirmed_at < " + at + " AND NOT EXISTS (SELECT 1 FROM customers m WHERE m.root = u.id AND m.root <> '' AND m.confirmed_at >= " + at + ")"
	case FixUnreachable:
		return "u.root = '' AND u.id IN (SELECT customer FROM identities WHERE unreachable <> '')"
	case FixTwins:
		return "u.root = '' AND u.id IN (SELECT a FROM suggestions WHERE state = 'open' UNION SELECT b FROM suggestions WHERE state = 'open')"
	}
	return listed
}

// FixList lists customers whose record wants something; list "" is all. ErrCursor.
func (db *DB) FixList(ctx context.Context, list string, set *RecordSetting, attributes []Attribute, now Millis, before string, limit int) (FixPage, error) {
	page := FixPage{Items: []FixHit{}}
	x := &fixing{set: set, attributes: attributes, now: now}
	where := x.condition(list)
	if before != "" {
		var at int64
		var id string
		if n, err := fmt.Sscanf(before, "%d.%s", &at, &id); err != nil || n != 2 {
			return page, ErrCursor
		}
		where += " AND (u.created_at, u.id) < (" + x.arg(at) + ", " + x.arg(id) + ")"
	}
	required := requiredOf(set, attributes)
	columns := ""
	for _, f := range required {
		columns += ", CASE WHEN " + x.lacks(f) + " THEN 1 ELSE 0 END"
	}
	const failed = " FROM identities x WHERE x.customer = u.id AND x.unreachable <> '' ORDER BY x.unreachable_at DESC, x.id LIMIT 1)"
	shown := "(SELECT id FROM identities WHERE customer = u.id AND channel <> '" + OwnChannel + "' ORDER BY created_at, id LIMIT 1)"
	if list == FixUnreachable {
		shown = "(SELECT x.id" + failed
	}
	_, err := db.read(ctx, func(q querier) (err error) {
		page.Items, err = collect(ctx, q, func(rows *sql.Rows, h *FixHit) error {
			lacking, confirmed := make([]int, len(required)), Millis(0)
			into := []any{&h.ID, &h.Name, &h.Address, &h.Channel, &h.CreatedAt, &h.Version, &h.ErasedAt, &confirmed, &h.Unreachable, &h.UnreachableAt}
			for i := range lacking {
				into = append(into, &lacking[i])
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			missing := []string{}
			for i, n := range lacking {
				if n == 1 {
					missing = append(missing, required[i])
				}
			}
			h.Completeness = completeness(missing, max(h.CreatedAt, confirmed), set, attributes, now)
			return nil
		}, `SELECT u.id, `+shownName+`, COALESCE(i.address, ''), COALESCE(i.channel, ''), u.created_at, u.version, u.erased_at,
			COALESCE((SELECT MAX(m.confirmed_at) FROM customers m WHERE m.id = u.id OR (m.root = u.id AND m.root <> '')), 0),
			COALESCE((SELECT x.unreachable`+failed+`, ''), COALESCE((SELECT x.unreachable_at`+failed+`, 0)`+columns+`
			FROM customers u LEFT JOIN identities i ON i.id = `+shown+`
			WHERE `+where+" ORDER BY u.created_at DESC, u.id DESC LIMIT "+fmt.Sprint(limit+1), x.args...)
		if err != nil || list == "" || before != "" {
			return err
		}
		page.Counts = map[string]int{}
		for _, name := range FixLists {
			x := &fixing{set: set, attributes: attributes, now: now}
			var n int
			if err := q.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM customers u WHERE "+x.condition(name)+" LIMIT "+fmt.Sprint(maxCounted)+") AS f", x.args...).Scan(&n); err != nil {
				return err
			}
			page.Counts[name] = n
		}
		return nil
	})
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := page.Items[limit-1]
		page.Next = fmt.Sprintf("%d.%s", last.CreatedAt, last.ID)
	}
	if err != nil {
		err = fmt.Errorf("list customers: %w", err)
	}
	return page, err
}
