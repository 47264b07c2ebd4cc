package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"tamas/inbox/record"
)

const (
	stagesSweep = time.Hour // everybody: who lapsed, or whose touches were deleted
	stagesMarks = 2000      // purchases that are marked at a time
	stagesChunk = 500
)

// errOtherRule says that the rule which is being carried out is none any more.
var errOtherRule = errors.New("the rule of stages is another now")

// stagesLoop has stages follow from purchases, as the record's rule says, behind the acknowledged path. Whoever begins to lead looks at everybody once.
func (h *Hub) stagesLoop(ctx context.Context) error {
	var (
		swept  time.Time
		by     string // rule and stages of the last sweep
		behind uint64
	)
	follow := func(set *record.RecordSetting) error {
		text, err := json.Marshal([]any{set.StageRule, set.Stages})
		if err != nil {
			return err
		}
		if by != string(text) || time.Since(swept) > stagesSweep {
			begun := time.Now()
			last, err := h.db.LastTouch(ctx)
			if err != nil {
				return err
			}
			if _, err := h.followStages(ctx, set, false, time.Time{}, false); err != nil {
				return err
			}
			swept, by, behind = begun, string(text), last
		}
		for more := true; more; {
			if behind, more, err = h.db.MarkBuyers(ctx, behind, stagesMarks); err != nil {
				return err
			}
		}
		_, err = h.followStages(ctx, set, true, time.Time{}, false)
		return err
	}
	for {
		if set := h.Settings().Record; set.StageRule.Enabled {
			if err := follow(&set); err != nil && !errors.Is(err, errOtherRule) && ctx.Err() == nil {
				h.log.Warn("stages by rule are behind", "err", err)
			}
		}
		if sleep(ctx, h.stagesEvery) != nil {
			return ctx.Err()
		}
	}
}

// followStages carries the rule out for those who are marked, or for all; until a moment unless that is zero.
func (h *Hub) followStages(ctx context.Context, set *record.RecordSetting, marked bool, until time.Time, preview bool) (moved record.StagesMoved, err error) {
	moved.Stages = map[string]int{}
	defer func() {
		if !preview && moved.Customers > 0 { // also when it got no further
			err = errors.Join(err, h.SettingsChanged(ctx, CustomersTopic))
		}
	}()
	for after := ""; ; {
		if after, err = h.db.FollowStages(ctx, set, h.Now(), after, marked, stagesChunk, preview, &moved); err != nil || after == "" {
			return moved, err
		}
		if moved.More = !until.IsZero() && time.Now().After(until); moved.More {
			return moved, nil
		}
		if !preview && h.Settings().Record.StageRule != set.StageRule {
			return moved, errOtherRule
		}
		if h.unrecorded() > indexYields { // what waits to be acknowledged comes first
			if err := sleep(ctx, 100*time.Millisecond); err != nil {
				return moved, err
			}
		}
	}
}

// PreviewStages tells what a rule of stages would change now, as far as it gets until then.
func (h *Hub) PreviewStages(ctx context.Context, set *record.RecordSetting, until time.Time) (record.StagesMoved, error) {
	return h.followStages(ctx, set, false, until, true)
}
