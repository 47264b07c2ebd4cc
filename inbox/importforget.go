package inbox

import (
	"context"
	"time"

	"tamas/inbox/record"
)

// importsFor is how long imports that are over, or that nobody has gone on with, keep what they hold of people.
const importsFor = 30 * 24 * time.Hour

// ForgetImported lets all imports that are over go of the texts that they hold: somebody whose data are erased may be among them.
func (h *Hub) ForgetImported(ctx context.Context) error {
	return h.forgetImported(ctx, h.now().Add(time.Millisecond))
}

func (h *Hub) forgetImported(ctx context.Context, ended time.Time) error {
	now := h.now()
	return h.db.ForgetImported(ctx, record.At(ended), record.At(now.Add(-importsFor)), record.At(now))
}
