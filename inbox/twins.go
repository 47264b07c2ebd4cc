package inbox

import (
	"context"
	"time"
)

// twinsLoop looks for customers who may be one person, behind the acknowledged path.
func (h *Hub) twinsLoop(ctx context.Context) error {
	most := 200
	if h.db.Kind() == "sqlite" {
		most = 20 // it holds the one writer
	}
	for {
		begun := time.Now()
		n, err := h.db.FindTwins(ctx, h.Now(), most)
		wait := time.Second
		if err != nil && ctx.Err() == nil {
			h.log.Warn("suggestions of who may be one person are behind", "err", err)
			wait = 2 * time.Second
		} else if n > 0 {
			wait = max(4*time.Since(begun), 20*time.Millisecond) // a fifth of the time
			if h.unrecorded() > indexYields {                    // what waits to be acknowledged comes first
				wait = max(wait, 200*time.Millisecond)
			}
		}
		if sleep(ctx, wait) != nil {
			return ctx.Err()
		}
	}
}
