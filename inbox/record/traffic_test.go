package record

import (
	"errors"
	"reflect"
	"testing"
)

func TestContacts(t *testing.T) {
	each(t, func(t *testing.T, db *DB, _ string) {
		const hour = 3600_000
		facts := []Fact{
			{N: 1, Kind: FactOffered, Conversation: "a", Queue: "q1", Channel: "sms", At: 1 * hour},
			{N: 2, Kind: FactOffered, Conversation: "b", Queue: "q1", Channel: "email", At: 2 * hour},
			{N: 3, Kind: FactAbandoned, Conversation: "b", Queue: "q1", At: 2*hour + 500, Value: 500},
			{N: 4, Kind: FactHandled, Conversation: "a", Queue: "q1", Agent: "u1", At: 3 * hour, Value: 700},
			// It flows on into q2, where two agents give it time after the span is over.
			{N: 5, Kind: FactOffered, Conversation: "c", Queue: "q1", Channel: "sms", At: 4 * hour},
			{N: 6, Kind: FactFlowOut, Conversation: "c", Queue: "q1", At: 4*hour + 10, Value: 10},
			{N: 6, Kind: FactOffered, Conversation: "c", Queue: "q2", Channel: "sms", At: 4*hour + 10},
			{N: 7, Kind: FactAnswered, Conversation: "c", Queue: "q2", Agent: "u1", At: 4*hour + 30, Value: 20},
			{N: 7, Kind: FactHandled, Conversation: "c", Queue: "q2", Agent: "u1", At: 5 * hour, Value: 20},
			{N: 8, Kind: FactHandled, Conversation: "c", Queue: "q2", Agent: "u2", At: 6 * hour, Value: 30},
			// a comes again: what belongs to its first time stays there.
			{N: 9, Kind: FactOffered, Conversation: "a", Queue: "q1", Channel: "sms", At: 5 * hour},
			{N: 10, Kind: FactHandled, Conversation: "a", Queue: "q1", Agent: "u1", At: 7 * hour, Value: 9},
		}
		var rows []any
		for i := range facts {
			rows = factRow(rows, &facts[i])
		}
		err := db.write(t.Context(), func(q querier) error {
			text := insertFacts.text(len(facts), true)
			_, err := q.ExecContext(t.Context(), text, rows...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		all := must(db.Contacts(t.Context(), hour, 5*hour, "", 10))
		want := []Contact{
			{At: 1 * hour, Queue: "q1", Channel: "sms", Handled: 700},
			{At: 2 * hour, Queue: "q1", Channel: "email", Left: true, Waited: 500},
			{At: 4 * hour, Queue: "q1", Channel: "sms", Handled: 50, Taken: true, Waited: 30}, // in both queues
		}
		if !reflect.DeepEqual(all, want) {
			t.Errorf("got %+v, want %+v", all, want)
		}
		one := must(db.Contacts(t.Context(), hour, 5*hour, "q2", 10))
		if want := []Contact{{At: 4*hour + 10, Queue: "q2", Channel: "sms", Handled: 50, Taken: true, Waited: 20}}; !reflect.DeepEqual(one, want) {
			t.Errorf("of q2 %+v, want %+v", one, want)
		}
		var wrong *ReportError // said to who asked, before anything is read
		if _, err := db.Contacts(t.Context(), hour, 5*hour, "", 2); !errors.As(err, &wrong) || wrong.Field != "from" {
			t.Errorf("three contacts where at most two are taken: %v", err)
		}
		must(db.Contacts(t.Context(), hour, 5*hour, "", 3))
	})
}
