package agentui

import (
	"context"
	"slices"

	"tamas/inbox"
	"tamas/inbox/record"
)

// A whisper is for who had its conversation then, and for supervisors: nobody else gets it, in whatever way touches are read, nor does who
// has the conversation later. Searches leave out those of others, too; lists are not narrowed by them at all.

// hears tells whether somebody may see what was whispered to this owner.
func (p *principal) hears(owner string) bool {
	return owner != "" && owner == p.User.ID || p.atLeast(record.RoleSupervisor)
}

func whispered(t *record.Touch) bool { return t != nil && t.Kind == record.KindWhisper }

// heard leaves out the whispers that are not for this reader. touch gives the touch of an item, as the record has it.
func heard[T any](ctx context.Context, s *Server, who *principal, list []T, touch func(*T) *record.Touch) ([]T, error) {
	var whispers []uint64
	for i := range list {
		if t := touch(&list[i]); whispered(t) {
			whispers = append(whispers, t.N)
		}
	}
	if len(whispers) == 0 || who.atLeast(record.RoleSupervisor) {
		return list, nil
	}
	owners, err := s.db.OwnersAt(ctx, whispers)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(x T) bool {
		t := touch(&x)
		return whispered(t) && !who.hears(owners[t.N])
	}), nil
}

func itself(t *record.Touch) *record.Touch { return t }

// secret tells whether not everybody may see all of these events.
func secret(frames []inbox.Frame) bool {
	return slices.ContainsFunc(frames, func(f inbox.Frame) bool { return f.Event != nil && whispered(f.Event.Touch) })
}
