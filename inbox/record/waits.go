package record

import (
	"context"
	"fmt"
)

// Wait is the beginning or the end of somebody's waiting in a queue, by the facts.
type Wait struct {
	Queue string
	At    Millis
	Ended bool   // else it began
	Took  Millis // of one that ended
}

// WaitsAt is a place up to which waits were read; its zero value is before all of them.
type WaitsAt struct{ life, n int64 }

// Waits reads the waits that began or ended since a moment and were measured after a place, and gives the place that comes next. anew
// says that all was measured anew meanwhile, and that the list begins again from since.
func (db *DB) Waits(ctx context.Context, since Millis, after WaitsAt) (list []Wait, next WaitsAt, anew bool, err error) {
	_, err = db.read(ctx, func(q querier) error {
		if err := q.QueryRowContext(ctx, "SELECT n, life FROM report_cursor").Scan(&next.n, &next.life); err != nil {
			return err
		}
		anew = after.life != next.life || after.n > next.n || after == WaitsAt{}
		where, args := "WHERE n > $1 AND n <= $2 AND happened_at >= $3", []any{after.n, next.n, int64(since)}
		if anew {
			where, args = "WHERE "+inKinds(waitKinds)+" AND happened_at >= $1 AND n <= $2", []any{int64(since), next.n}
		}
		facts, err := collect(ctx, q, scanFact, "SELECT "+factColumns+" FROM facts f "+where, args...)
		for _, f := range facts {
			switch f.Kind {
			case FactOffered:
				list = append(list, Wait{Queue: f.Queue, At: f.At})
			case FactAnswered, FactAbandoned, FactFlowOut:
				list = append(list, Wait{Queue: f.Queue, At: f.At, Ended: true, Took: Millis(f.Value)})
			}
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("read the waits: %w", err)
	}
	return list, next, anew, err
}

var waitKinds = []string{FactOffered, FactAnswered, FactAbandoned, FactFlowOut}
