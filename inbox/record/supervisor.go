package record

import (
	"context"
	"database/sql"
	"fmt"
)

// QueueFigures are a queue's numbers now and today.
type QueueFigures struct {
	Queue            string `json:"queue"`
	Waiting          int    `json:"waiting"`            // waiting or offered
	LongestWaitSince Millis `json:"longest_wait_since"` // 0: none waits
	Active           int    `json:"active"`
	Snoozed          int    `json:"snoozed"`
	AnsweredToday    int    `json:"answered_today"`           // first human replies, again after a reopening
	InTargetToday    int    `json:"answered_in_target_today"` // of these, within the queue's target; all when it has none
}

// Figures are the numbers of all queues that are not archived, true at one cursor.
type Figures struct {
	Queues []QueueFigures
	Agents []Agent // as their last events left them
	At     ID
}

// Supervisor counts; today begins at that moment.
func (db *DB) Supervisor(ctx context.Context, today Millis) (Figures, error) {
	var f Figures
	at, err := db.read(ctx, func(q querier) error {
		list, err := queues(ctx, q, "WHERE archived = 0")
		if err != nil {
			return err
		}
		index := map[string]int{}
		for i, v := range list {
			index[v.ID] = i
			f.Queues = append(f.Queues, QueueFigures{Queue: v.ID})
		}
		each := func(query string, arg any, scan func(rows *sql.Rows, queue *string, into *QueueFigures) error) error {
			_, err := collect(ctx, q, func(rows *sql.Rows, _ *struct{}) error {
				var queue string
				var got QueueFigures
				if err := scan(rows, &queue, &got); err != nil {
					return err
				}
				if i, ok := index[queue]; ok {
					v := &f.Queues[i]
					v.Waiting += got.Waiting
					v.LongestWaitSince += got.LongestWaitSince
					v.Active += got.Active
					v.Snoozed += got.Snoozed
					v.AnsweredToday += got.AnsweredToday
					v.InTargetToday += got.InTargetToday
				}
				return nil
			}, query, arg)
			return err
		}
		if err := each("SELECT queue, count(*), min(waiting) FROM conversations WHERE waiting > 0 AND 1 = $1 GROUP BY queue", 1,
			func(rows *sql.Rows, queue *string, v *QueueFigures) error {
				return rows.Scan(queue, &v.Waiting, &v.LongestWaitSince)
			}); err != nil {
			return err
		}
		if err := each(`SELECT queue, sum(CASE WHEN status = 'active' THEN 1 ELSE 0 END), sum(CASE WHEN status = 'snoozed' THEN 1 ELSE 0 END)
			FROM conversations WHERE live_until = $1 GROUP BY queue`, int64(always),
			func(rows *sql.Rows, queue *string, v *QueueFigures) error {
				return rows.Scan(queue, &v.Active, &v.Snoozed)
			}); err != nil {
			return err
		}
		if err := each(`SELECT a.queue, count(*), sum(CASE WHEN q.target_seconds = 0 OR a.answered_at - a.asked_at <= q.target_seconds * 1000 THEN 1 ELSE 0 END)
			FROM answers a JOIN queues q ON q.id = a.queue WHERE a.answered_at >= $1 GROUP BY a.queue`, int64(today),
			func(rows *sql.Rows, queue *string, v *QueueFigures) error {
				return rows.Scan(queue, &v.AnsweredToday, &v.InTargetToday)
			}); err != nil {
			return err
		}
		f.Agents, err = agents(ctx, q)
		return err
	})
	f.At = at
	if err != nil {
		err = fmt.Errorf("read the supervisor's figures: %w", err)
	}
	return f, err
}
