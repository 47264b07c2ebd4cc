package record

import "testing"

// Waits come once, whoever reads on; measured anew, they come all again.
func TestWaits(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		ctx := t.Context()
		must(db.AddQueue(ctx, Queue{ID: "q1", Name: "One"}))
		f := newFirm(t, db)
		measure := func() {
			t.Helper()
			for n := 1; n > 0; {
				n = must(db.Measure(ctx, &FactRules{}, f.now, 1000))
			}
		}
		read := func(since Millis, after WaitsAt) (began, ended int, next WaitsAt, anew bool) {
			t.Helper()
			list, next, anew, err := db.Waits(ctx, since, after)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range list {
				switch {
				case w.Queue != "q1" || w.At == 0 || !w.Ended && w.Took != 0:
					t.Errorf("%+v", w)
				case w.Ended:
					ended++
				default:
					began++
				}
			}
			return began, ended, next, anew
		}
		f.receive("x", "k1", "one")
		f.receive("y", "k2", "two")
		f.write()
		measure()
		began, ended, at, anew := read(0, WaitsAt{})
		if began != 2 || ended != 0 || !anew {
			t.Errorf("at first %d, %d, %v", began, ended, anew)
		}
		if began, ended, _, anew := read(0, at); began+ended != 0 || anew {
			t.Errorf("again %d, %d, %v", began, ended, anew)
		}
		f.now += 60_000
		f.reply("x", "u1", "an answer")
		f.write()
		measure()
		began, ended, next, anew := read(0, at)
		if began != 0 || ended != 1 || anew || next == at {
			t.Errorf("after an answer %d, %d, %v", began, ended, anew)
		}
		if began, ended, _, _ := read(f.now+3600_000, WaitsAt{}); began+ended != 0 {
			t.Errorf("later ones: %d, %d", began, ended)
		}
		if err := db.MeasureAgain(ctx); err != nil {
			t.Fatal(err)
		}
		measure()
		if began, ended, _, anew := read(0, next); began != 2 || ended != 1 || !anew {
			t.Errorf("measured anew %d, %d, %v", began, ended, anew)
		}
	})
}
