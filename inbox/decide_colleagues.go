package inbox

import "tamas/inbox/record"

// What colleagues do beside the owner: consult, draft, second opinion, flags, whispers. All of it is touches that no customer sees.

// consult asks a colleague to join the owner privately. Asking somebody else ends the consultation before.
func (a *attempt) consult() (*record.Event, error) {
	if !a.owns() && !a.Supervisor {
		return nil, a.notYours(a.Command)
	}
	if a.conv.Status != record.Active {
		return nil, a.conflict("Only about a conversation that somebody has can a colleague be consulted.")
	}
	if a.Agent == a.conv.Owner || a.Agent == a.By.ID {
		return nil, invalid("agent", "Choose somebody else.")
	}
	if err := a.colleague(a.Agent); err != nil {
		return nil, err
	}
	if now := a.conv.Consult; now != nil && now.Agent == a.Agent {
		return nil, errNothing
	}
	c := a.consultation("asked")
	c.e.Conversation.Consult = &record.Consult{Agent: a.Agent, By: a.By.ID, At: a.now}
	if !a.empty() {
		c.e.Touch = a.touch(a.Command, record.KindNote, record.StateReceived)
	}
	return c.e, nil
}

// consulted is what becomes of a consultation: who was asked comes, either side ends it, or who was asked becomes the owner.
func (a *attempt) consulted() (*record.Event, error) {
	now := a.conv.Consult
	if now == nil {
		return nil, a.conflict("This consultation is over.")
	}
	asked := now.Agent == a.By.ID
	switch {
	case a.Action == Join && !asked:
		return nil, refuse("not_yours", "Somebody else was asked.")
	case !asked && !a.owns() && now.By != a.By.ID && !a.Supervisor:
		return nil, a.notYours(a.Command)
	case a.Action == Join && now.Joined != 0:
		return nil, errNothing
	case a.Action == HandOver && now.Joined == 0:
		return nil, a.conflict("The colleague has not joined yet.")
	}
	switch a.Action {
	case Join:
		c := a.consultation("joined")
		joined := *now
		joined.Joined = a.now
		c.e.Conversation.Consult = &joined
		return c.e, nil
	case Unasked:
		c := a.consultation("cancelled")
		c.e.Conversation.Consult = nil
		return c.e, nil
	}
	c := a.consultation("completed")
	c.was(&a.conv, "owner")
	return c.e, c.own(now.Agent)
}

func (a *attempt) consultation(what string) *change {
	c := a.change(record.EvConsult, a.By)
	c.e.Reason = &record.Why{Code: what, Now: a.now}
	return c
}

// remark is a draft, by anybody, or a supervisor's whisper to the owner.
func (a *attempt) remark() (*record.Event, error) {
	kind := record.KindDraft
	if a.Action == Whisper {
		kind = record.KindWhisper
		if !a.Supervisor {
			return nil, refuse("not_yours", "Only a supervisor can whisper.")
		}
		if a.conv.Status != record.Active || a.conv.Owner == a.By.ID {
			return nil, a.conflict("There is nobody to whisper to.")
		}
	}
	return a.say(kind, nil)
}

// say appends a touch among colleagues; set changes the header that goes with it.
func (a *attempt) say(kind string, set func(h *record.Conversation, t *record.Touch)) (*record.Event, error) {
	if a.empty() && kind != record.KindVerdict {
		return nil, invalid("text", "Write something first.")
	}
	c := a.change(record.EvNoted, a.By)
	c.e.Touch = a.touch(a.Command, kind, record.StateReceived)
	if set != nil {
		set(c.e.Conversation, c.e.Touch)
	}
	return c.e, nil
}

// review asks for a look at a draft before it is sent. Another one takes the place of the one before.
func (a *attempt) review() (*record.Event, error) {
	if !a.owns() {
		return nil, a.notYours(a.Command)
	}
	if a.Agent == a.By.ID {
		return nil, invalid("agent", "Choose somebody else.")
	}
	if a.Agent != "" {
		if err := a.colleague(a.Agent); err != nil {
			return nil, err
		}
	}
	return a.say(record.KindReview, func(h *record.Conversation, _ *record.Touch) {
		h.Review = &record.Ask{By: a.By.ID, Of: a.Agent, At: a.now}
	})
}

// verdict answers a review; with it the question is closed.
func (a *attempt) verdict() (*record.Event, error) {
	if err := a.mayAnswer(a.conv.Review); err != nil {
		return nil, err
	}
	return a.say(record.KindVerdict, func(h *record.Conversation, t *record.Touch) {
		h.Review = nil
		if a.On {
			t.Score = 1
		}
	})
}

// flag speaks up. Anybody may, and it stands until it is answered, also when the conversation is over.
func (a *attempt) flag() (*record.Event, error) {
	if a.conv.Flag != nil {
		return nil, a.conflict("A flag stands here already; add what you have to say as a note.")
	}
	if a.Agent != "" {
		if err := a.colleague(a.Agent); err != nil {
			return nil, err
		}
	}
	return a.say(record.KindFlag, func(h *record.Conversation, _ *record.Touch) {
		h.Flag = &record.Ask{By: a.By.ID, Of: a.Agent, At: a.now}
	})
}

func (a *attempt) answerFlag() (*record.Event, error) {
	if err := a.mayAnswer(a.conv.Flag); err != nil {
		return nil, err
	}
	return a.say(record.KindAnswer, func(h *record.Conversation, _ *record.Touch) { h.Flag = nil })
}

// mayAnswer tells whether the question still stands and the actor is asked, or a supervisor.
func (a *attempt) mayAnswer(q *record.Ask) error {
	if q == nil || q.Touch != a.ReplyTo {
		return a.conflict("This question is answered already.")
	}
	if q.Of != a.By.ID && !a.Supervisor {
		return refuse("not_yours", "Somebody else was asked.")
	}
	return nil
}

// seen notes that who is asked has seen the question.
func (a *attempt) seen() (*record.Event, error) {
	look := func(q *record.Ask) *record.Ask {
		asked := q != nil && (q.Of == a.By.ID || q.Of == "" && a.Supervisor)
		if !asked || q.Touch != a.Command.Touch || q.Seen != 0 || q.By == a.By.ID {
			return nil
		}
		n := *q
		n.Seen = a.now
		return &n
	}
	review, flag := look(a.conv.Review), look(a.conv.Flag)
	if review == nil && flag == nil {
		return nil, errNothing
	}
	c := a.change(record.EvChanged, a.By)
	if review != nil {
		c.e.Conversation.Review = review
	}
	if flag != nil {
		c.e.Conversation.Flag = flag
	}
	return c.e, nil
}

// owns tells whether the actor has the conversation: active, or asleep with them.
func (a *attempt) owns() bool {
	return a.conv.Owner == a.By.ID && (a.conv.Status == record.Active || a.conv.Status == record.Snoozed)
}

// colleague checks that there is such a user.
func (s *state) colleague(user string) error {
	if u, ok := s.set.Users[user]; !ok || u.Disabled {
		return invalid("agent", "There is no such agent.")
	}
	return nil
}
