package record

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// Import is what an event says of a chunk of an import. The chunk's rows are a blob, written before the event and gone after it.
type Import struct {
	ID    string `json:"id"`
	Blob  string `json:"blob,omitempty"`
	Rows  int    `json:"rows,omitempty"`  // touches in the blob: they have the numbers just below the event's
	First int64  `json:"first,omitempty"` // rows of the file that the chunk is made of, from 1, bad ones too
	Last  int64  `json:"last,omitempty"`
	From  uint64 `json:"from,omitempty"` // touches.withdrawn: the numbers that are taken back
	To    uint64 `json:"to,omitempty"`
}

// MaxChunk is how many touches one event brings at most.
const MaxChunk = 2000

// Span is how many numbers an event takes, its own being the last: N of the event before is so much less.
func (e *Event) Span() uint64 {
	if e.Import == nil || e.Import.Rows <= 0 {
		return 1
	}
	return 1 + uint64(e.Import.Rows)
}

// Imported is a touch of a chunk, as LogRules.Touch made it.
type Imported struct {
	Key      string   `json:"k"`
	Kind     string   `json:"t"`
	At       Millis   `json:"a"`
	Inbound  bool     `json:"i,omitempty"`
	Author   Actor    `json:"b"`
	Account  string   `json:"o"`
	Channel  string   `json:"c"`
	Identity Identity `json:"w"` // whose it is
	Subject  string   `json:"s,omitempty"`
	Text     string   `json:"x,omitempty"`
	Data     string   `json:"j,omitempty"` // JSON
	Masked   []string `json:"m,omitempty"` // see Body
	Sealed   []byte   `json:"z,omitempty"`
}

// ImportedOf is what a chunk carries of a touch.
func ImportedOf(t *Touch, i *Identity) (Imported, error) {
	r := Imported{Key: t.Key, Kind: t.Kind, At: t.At, Inbound: t.Inbound, Author: t.Author, Account: t.Account, Channel: t.Channel, Identity: *i}
	if t.Body != nil {
		r.Subject, r.Text, r.Masked, r.Sealed = t.Body.Subject, t.Body.Text, t.Body.Masked, t.Body.Sealed
	}
	if t.Data != nil {
		text, err := json.Marshal(t.Data)
		if err != nil {
			return r, err
		}
		r.Data = string(text)
	}
	return r, nil
}

// WriteChunk writes the rows of a chunk as ReadChunk reads them.
func WriteChunk(rows []Imported) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i := range rows {
		if err := enc.Encode(&rows[i]); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// ReadChunk reads what WriteChunk wrote; there have to be so many rows.
func ReadChunk(r io.Reader, rows int) ([]Imported, error) {
	if rows < 0 || rows > MaxChunk {
		return nil, fmt.Errorf("a chunk of %d rows", rows)
	}
	dec := json.NewDecoder(bufio.NewReaderSize(r, 64<<10))
	list := make([]Imported, 0, rows)
	for {
		var row Imported
		switch err := dec.Decode(&row); {
		case err == io.EOF && len(list) == rows:
			return list, nil
		case err == io.EOF || err == nil && len(list) == rows:
			return nil, fmt.Errorf("a chunk has not the %d rows that its event says", rows)
		case err != nil:
			return nil, fmt.Errorf("read a chunk: %w", err)
		}
		list = append(list, row)
	}
}

var (
	// What is known stays as it is; what is new remembers who brought it.
	insertImportedCustomers = many{
		`WITH v (identity, id, name, created_at, imported) AS (VALUES `, `(CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS TEXT))`,
		`) INSERT INTO customers (id, name, created_at, imported) SELECT v.id, v.name, v.created_at, v.imported FROM v
			WHERE (SELECT 1 FROM identities WHERE identities.id = v.identity) IS NULL ON CONFLICT DO NOTHING`}
	insertImportedIdentities = many{
		`WITH v (id, home, customer, channel, address, name, created_at, imported) AS (VALUES `,
		`(CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS TEXT))`,
		`) INSERT INTO identities (id, home, customer, channel, address, name, created_at, imported)
			SELECT v.id, v.home, ` + itsRoot + `, v.channel, v.address, v.name, v.created_at, v.imported FROM v WHERE 1 = 1 ON CONFLICT DO NOTHING`}
)

// chunk is a chunk's place in a batch.
type chunk struct {
	e                                               *Event
	customers, named, selves, touches, bodies, data []any

	customersFrom, customersTo, touchesFrom, touchesTo int // of the batch's statements
}

// imported takes the rows of a chunk.
func (b *batch) imported(e *Event) {
	c := &chunk{e: e}
	first, known := int64(e.ID.N)-int64(len(e.Imported)), map[string]bool{}
	by := e.Import.ID
	for i := range e.Imported {
		r := &e.Imported[i]
		n, w := first+int64(i), &r.Identity
		if !known[w.ID] {
			known[w.ID] = true
			if w.Channel == OwnChannel {
				c.selves = append(c.selves, w.ID, w.Customer, int64(e.At))
			} else {
				b.meet(w)
				c.customers = append(c.customers, w.ID, w.Customer, w.Name, int64(e.At), by)
				c.named = append(c.named, w.ID, w.Customer, w.Customer, w.Channel, w.Address, w.Name, int64(e.At), by)
			}
		}
		// Neighbours have neighbouring ids: an index of random ones would be most of the work.
		id := fmt.Sprintf("%016x", e.ID.Token+uint64(i)+1)
		c.touches = append(c.touches, n, id, r.Kind, "", w.ID, r.Account, r.Channel, flag(r.Inbound),
			r.Author.Kind, r.Author.ID, int64(r.At), StateLogged, int64(1), int64(0), int64(0), "", r.Key,
			"", "", int64(0), "", "", "", int64(0), "")
		if r.Subject != "" || r.Text != "" {
			more := (&Body{Masked: r.Masked, Sealed: r.Sealed}).more()
			c.bodies = append(c.bodies, n, r.Subject, r.Text, "", nil, "", more)
		}
		if r.Data != "" {
			c.data = append(c.data, n, r.Data)
		}
	}
	b.chunks = append(b.chunks, c)
}

// statements adds those that write the chunk.
func (c *chunk) statements(list []statement) []statement {
	c.customersFrom = len(list)
	list = insertImportedCustomers.over(list, c.customers)
	c.customersTo = len(list)
	list = insertImportedIdentities.over(list, c.named)
	list = insertSelves.over(list, c.selves)
	c.touchesFrom = len(list)
	list = insertTouches.over(list, c.touches)
	c.touchesTo = len(list)
	list = insertBodies.over(list, c.bodies)
	return insertData.over(list, c.data)
}

// after notes what the chunk did, and takes back the text of touches that were known. changed is of all statements.
func (c *chunk) after(ctx context.Context, w *writer, changed []int64) error {
	sum := func(from, to int) (n int64) {
		for _, v := range changed[from:to] {
			n += v
		}
		return n
	}
	i, rows, made := c.e.Import, int64(len(c.e.Imported)), sum(c.touchesFrom, c.touchesTo)
	from, to := int64(c.e.ID.N)-rows, int64(c.e.ID.N)-1
	if made < rows {
		for _, table := range []string{"bodies", "touch_data"} {
			if err := w.exec(ctx, "DELETE FROM "+table+" WHERE n >= $1 AND n <= $2 AND NOT EXISTS (SELECT 1 FROM touches WHERE touches.n = "+table+".n)", from, to); err != nil {
				return err
			}
		}
	}
	return w.exec(ctx, `INSERT INTO import_chunks (import, first, last, n_from, n_to, made, updated, known, customers) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8) ON CONFLICT DO NOTHING`,
		i.ID, i.First, i.Last, from, to, made, rows-made, sum(c.customersFrom, c.customersTo))
}

// withdrawn takes back touches of an import, but for those of customers who are held: they and all that hangs on them. Their conversation is none, so
// no header changes.
func (b *batch) withdrawn(e *Event) {
	run := func(text string, args ...any) {
		b.withdrawals = append(b.withdrawals, statement{key: stmtKey{text: text}, args: args})
	}
	from, to := int64(e.Import.From), int64(e.Import.To)
	const these = " WHERE n IN (SELECT t.n FROM touches t JOIN identities i ON i.id = t.identity WHERE t.n >= $1 AND t.n <= $2 AND t.state = 'logged' AND NOT " + heldBy + ")"
	run("UPDATE customers SET restage = 1 WHERE restage = 0 AND id IN (SELECT i.customer FROM touches t JOIN identities i ON i.id = t.identity WHERE t.n >= $1 AND t.n <= $2 AND "+bought+")", from, to)
	run("DELETE FROM pins WHERE touch IN (SELECT id FROM touches"+these+")", from, to)
	run("DELETE FROM bodies"+these, from, to)
	run("DELETE FROM touch_data"+these, from, to)
	run("DELETE FROM order_marks"+these, from, to)
	run("DELETE FROM touches"+these, from, to)
	run("UPDATE import_chunks SET undone = 1 WHERE import = $1 AND first = $2", e.Import.ID, e.Import.First)
}
