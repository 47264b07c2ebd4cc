package record

import (
	"reflect"
	"testing"
)

// TestAttendance: pieces of one presence are one, breaks part them, what goes on lasts until now, and all of it is cut to what was asked.
func TestAttendance(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		const hour = 3600_000
		facts := []Fact{
			{N: 1, Kind: FactState, Agent: "ann", Reason: "available", At: 1 * hour, Value: hour},
			{N: 2, Kind: FactState, Agent: "bob", Reason: "available", At: 1 * hour, Value: hour / 2},
			{N: 3, Kind: FactState, Agent: "ann", Reason: "wrap_up", At: 2 * hour, Value: 1000},
			{N: 4, Kind: FactState, Agent: "ann", Reason: "available", At: 2*hour + 1000, Value: hour},
			{N: 5, Kind: FactState, Agent: "ann", Reason: "break/lunch", At: 3*hour + 1000, Value: hour},
			{N: 6, Kind: FactState, Agent: "ann", Reason: "busy", At: 4*hour + 1000, Value: 5},
			{N: 7, Kind: FactState, Agent: "ann", Reason: "not_responding", At: 4*hour + 1005, Value: 5},
			{N: 8, Kind: FactState, Agent: "ann", Reason: "available", At: 4*hour + 1010, Value: 5},
			{N: 9, Kind: FactOffer, Agent: "ann", Conversation: "c", At: 2 * hour},
			{N: 10, Kind: FactDeclined, Agent: "ann", Conversation: "c", At: 2 * hour},
			{N: 11, Kind: FactOffer, Agent: "bob", Conversation: "c", At: 2 * hour},
			{N: 12, Kind: FactRONA, Agent: "bob", Conversation: "c", At: 2 * hour},
			{N: 13, Kind: FactOffer, Agent: "bob", Conversation: "c", At: 9 * hour},
		}
		var rows []any
		for i := range facts {
			rows = factRow(rows, &facts[i])
		}
		if err := db.write(t.Context(), func(q querier) error {
			if _, err := q.ExecContext(t.Context(), insertFacts.text(len(facts), true), rows...); err != nil {
				return err
			}
			for _, a := range []agentFold{
				{ID: "ann", State: Available, Since: 4*hour + 1015},
				{ID: "bob", State: Break, Since: hour + hour/2},
				{ID: "cem", State: WrapUp, Since: 5 * hour},
				{ID: "dan", State: Offline, Since: 5 * hour},
			} {
				if _, err := q.ExecContext(t.Context(), "INSERT INTO report_states (id, json) VALUES ($1, $2)", "a/"+a.ID, asJSON{a}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		got := must(db.Attendance(t.Context(), hour+1, 6*hour, 7*hour))
		want := []Stint{{"ann", hour + 1, 3*hour + 1000}, {"ann", 4*hour + 1010, 6 * hour}, {"bob", hour + 1, hour + hour/2}, {"cem", 5 * hour, 6 * hour}}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got = must(db.Attendance(t.Context(), 6*hour, 9*hour, 7*hour)); !reflect.DeepEqual(got, []Stint{{"ann", 6 * hour, 7 * hour}, {"cem", 6 * hour, 7 * hour}}) {
			t.Errorf("what goes on: %+v", got)
		}
		if o := must(db.Offers(t.Context(), hour, 3*hour)); o != (Offers{2, 1, 1}) {
			t.Errorf("%+v", o)
		}
	})
}
