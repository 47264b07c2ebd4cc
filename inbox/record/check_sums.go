package record

import (
	"context"
	"fmt"
	"time"
)

// checkedDays is how many days, evenly over all, have their sums made again: of years it would take hours.
const checkedDays = 60

const flawSums = "days whose sums in the reports are other than what their facts come to"

// checkSums sums some days once more, of those that nothing is to be done about.
func checkSums(ctx context.Context, q querier, d *dialect, found func(what, id string)) error {
	at, err := reportCursor(ctx, q)
	if err != nil || at.zone == "" {
		return err
	}
	zone, err := time.LoadLocation(at.zone)
	if err != nil {
		return err
	}
	days, err := collect(ctx, q, scanKey, "SELECT DISTINCT happened_at FROM rollups WHERE cut IN ('queue', 'state') AND happened_at NOT IN (SELECT day FROM report_dirty) ORDER BY 1")
	if err != nil {
		return err
	}
	step := max((len(days)+checkedDays-1)/checkedDays, 1)
	for i := len(days) - 1; i >= 0; i -= step {
		r := &rollup{day: Millis(days[i]), zone: zone, rows: map[rollKey]cells{}}
		r.end = dayAfter(r.day, zone)
		if err := r.sum(ctx, q, d, true); err != nil {
			return fmt.Errorf("sum a day: %w", err)
		}
		other, err := r.differs(ctx, q)
		if err != nil {
			return err
		}
		if len(other) > 0 {
			found(flawSums, r.day.Time().In(zone).Format(time.DateOnly))
		}
	}
	return nil
}
