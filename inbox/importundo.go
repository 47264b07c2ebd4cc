package inbox

import (
	"context"
	"fmt"
	"time"

	"tamas/inbox/record"
)

// undoImport takes back what an import has made: its touches by events, like everything that is in the log; then what it changed, and whom
// it made, where nobody else has changed or used it since.
func (h *Hub) undoImport(ctx context.Context, i *importing) error {
	said := time.Now()
	p := &i.progress
	left := func(list []record.Left) {
		p.LeftCount += len(list)
		p.Left = append(p.Left, list...)
		p.Left = p.Left[:min(len(p.Left), 1000)]
	}
	by := record.Decided{At: h.Now(), By: i.By, Rules: h.FactRules()}
	const most = 200
	if p.Step == "" {
		p.Step, p.Left, p.LeftCount, p.After = "touches", nil, 0, ""
	}
	for p.Step != "done" {
		begun := time.Now()
		var next string
		var err error
		var list []record.Left
		switch p.Step {
		case "touches":
			var pieces []record.ImportPiece
			if pieces, err = h.db.ImportPieces(ctx, i.ID, 1); err == nil && len(pieces) > 0 {
				next = "more"
				err = h.withdraw(ctx, i, pieces[0])
			}
		case "changes":
			next, list, err = h.db.UndoImportChanges(ctx, i.ID, p.After, most, by)
		case "identities":
			next, err = h.db.UndoImportIdentities(ctx, i.ID, p.After, most, i.EndedAt)
		case "customers":
			next, list, err = h.db.UndoImportCustomers(ctx, i.ID, p.After, most, i.EndedAt)
		case "organisations":
			list, err = h.db.UndoImportOrganisations(ctx, i.ID)
		}
		if err != nil {
			return err
		}
		left(list)
		if p.After = next; next == "" {
			p.Step = map[string]string{"touches": "changes", "changes": "identities", "identities": "customers", "customers": "organisations", "organisations": "done"}[p.Step]
			i.pack()
			if err := h.db.ImportProgress(ctx, i.ID, i.Progress); err != nil {
				return err
			}
		}
		if err := h.told(ctx, i, &said); err != nil {
			return err
		}
		if h.unrecorded() > 0 {
			if err := sleep(ctx, time.Since(begun)); err != nil {
				return err
			}
		}
	}
	p.Step = ""
	return nil
}

func (h *Hub) withdraw(ctx context.Context, i *importing, p record.ImportPiece) error {
	if p.From == 0 {
		return h.db.ImportPieceUndone(ctx, i.ID, p.First)
	}
	_, err := h.commitRecorded(ctx, fmt.Sprintf("withdraw/%s/%d", i.ID, p.First), func() *record.Event {
		return &record.Event{Kind: record.EvWithdrawn, By: record.Actor{Kind: "agent", ID: i.By}, Import: &record.Import{ID: i.ID, First: p.First, From: p.From, To: p.To}}
	})
	return err
}
