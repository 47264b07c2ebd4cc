package agentui

import (
	"encoding/json"
	"reflect"
	"slices"

	"github.com/labstack/echo/v4"

	"tamas/inbox"
	"tamas/inbox/record"
)

// cutting writes the API's JSON. All of it passes here, so that no answer, and no error, tells of a customer what is kept from the caller's role.
type cutting struct {
	echo.DefaultJSONSerializer
	s *Server
}

func (x cutting) Serialize(c echo.Context, v any, indent string) error {
	role := ""
	if who := principalOf(c); who != nil {
		role = who.User.Role
	}
	return x.DefaultJSONSerializer.Serialize(c, x.s.sightOf(role).Cut(v), indent)
}

// sight is what the caller may see and change of customers' records.
func (s *Server) sight(c echo.Context) record.Sight { return s.sightOf(principalOf(c).User.Role) }

func (s *Server) sightOf(role string) record.Sight { return sightIn(s.hub.Settings(), role) }

func sightIn(set *inbox.Settings, role string) record.Sight {
	return record.SightOf(role, &set.Record, set.Attributes)
}

// limited tells whether something is kept from any role: then not everybody gets the same.
func (l *live) limited() bool {
	set := l.hub.Settings()
	return slices.ContainsFunc([]string{record.RoleAgent, record.RoleSupervisor}, func(role string) bool { return sightIn(set, role).Limited() })
}

// sight is what somebody who listens may see.
func (l *live) sight(who *principal) record.Sight { return sightIn(l.hub.Settings(), who.User.Role) }

// itemFor is an event as this reader's socket gets it: without what is kept from the reader's role, and a whisper that is not for them without
// its touch, so that the headers stay in step.
func itemFor(f *inbox.Frame, who *principal, sight record.Sight) []byte {
	e := f.Event
	mute := e != nil && whispered(e.Touch) && (e.Conversation == nil || !who.hears(e.Conversation.Owner))
	if e == nil || !mute && !sight.Limited() {
		return f.JSON
	}
	var shown struct { // sockets get less of an event than there is
		Event record.Event `json:"event"`
	}
	err := json.Unmarshal(f.JSON, &shown)
	if mute {
		shown.Event.Touch = nil
	}
	text, failed := json.Marshal(sight.Cut(&shown.Event))
	if err != nil || failed != nil || e.Raw != nil {
		text = []byte("{}")
	}
	return []byte(`{"t":"event","id":"` + f.ID.String() + `","event":` + string(text) + `}`)
}

// mayLimit refuses to change who may see or change a field to whom it is kept from themselves.
func (s *Server) mayLimit(c echo.Context, old, new any) error {
	sight := s.sight(c)
	switch was := old.(type) {
	case *record.RecordSetting:
		is, _ := new.(*record.RecordSetting)
		for _, f := range record.LimitedFields {
			if !sight.Edits(f) && !reflect.DeepEqual(was.FieldRoles[f], is.FieldRoles[f]) {
				return locked("value.field_roles." + f)
			}
		}
	case *[]record.Attribute:
		is, _ := new.(*[]record.Attribute)
		for i, a := range *is {
			same := slices.IndexFunc(*was, func(o record.Attribute) bool { return o.ID == a.ID })
			if same >= 0 && !sight.Edits(record.FieldOf(a.ID)) && !(slices.Equal((*was)[same].See, a.See) && slices.Equal((*was)[same].Edit, a.Edit)) {
				return locked(at("value", i, "see"))
			}
		}
	}
	return nil
}

// sameFor tells sockets that get the same: those of one role, as long as nobody whispers.
func sameFor(who *principal, whisper bool) string {
	if whisper {
		return who.User.Role + " " + who.User.ID
	}
	return who.User.Role
}
