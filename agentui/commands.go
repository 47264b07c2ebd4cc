package agentui

import (
	"context"
	"errors"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"tamas/channels"
	"tamas/inbox"
	"tamas/inbox/record"
)

// done is the answer to a command: what the recorded event made of the conversation.
type done struct {
	EventID      record.ID            `json:"event_id"`
	Conversation *record.Conversation `json:"conversation,omitempty"`
	Touch        *record.Touch        `json:"touch,omitempty"`
}

// hubProblem gives the hub's refusals their status; nil: err is none of them.
func hubProblem(err error) *problem {
	var r *inbox.Refusal
	switch {
	case errors.As(err, &r):
		p := &problem{Code: r.Code, Message: r.Message, Field: r.Field}
		switch r.Code {
		case codeNotFound:
			p.Status = http.StatusNotFound
		case codeNotYours:
			p.Status = http.StatusForbidden
		case codeConflict, codeCapacity:
			p.Status = http.StatusConflict
			if r.Current != nil {
				p.Current = r.Current
			}
		case codeInvalid:
			p.Status = http.StatusUnprocessableEntity
		default:
			p.Status, p.Code = http.StatusUnprocessableEntity, codeInvalid
		}
		return p
	case errors.Is(err, channels.ErrUnrecorded), errors.Is(err, channels.ErrOverloaded):
		return notRecorded(err)
	}
	return nil
}

func notRecorded(err error) *problem {
	return &problem{Status: http.StatusServiceUnavailable, Code: codeNotRecorded,
		Message: "The record does not answer now. Please try again.", Cause: err}
}

// do carries a command out for who asks, and answers when it is recorded.
func (s *Server) do(c echo.Context, cmd inbox.Command) error {
	e, err := s.carryOut(c, cmd)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, done{e.ID, e.Conversation, e.Touch})
}

func (s *Server) carryOut(c echo.Context, cmd inbox.Command) (record.Event, error) {
	who := principalOf(c)
	cmd.By = record.Actor{Kind: "agent", ID: who.User.ID}
	cmd.Supervisor = who.atLeast(record.RoleSupervisor)
	cmd.Key = c.Request().Header.Get("Idempotency-Key")
	if len(cmd.Key) > 200 || !utf8.ValidString(cmd.Key) {
		return record.Event{}, invalid("Idempotency-Key", "The Idempotency-Key is longer than 200 bytes.")
	}
	ctx := c.Request().Context()
	e, err := s.hub.Do(ctx, cmd)
	if err == nil && e.Touch != nil && e.Touch.Kind == "" {
		// The key was seen before, and only the touch's id is known; it is recorded.
		t, err := s.db.Touch(ctx, e.Touch.ID)
		if err != nil {
			return e, err
		}
		e.Touch = &t
	}
	return e, err
}

// nothing reads a body that holds nothing, or is not there.
func nothing(c echo.Context) error {
	if c.Request().ContentLength == 0 {
		return nil
	}
	_, err := decode[struct{}](c)
	return err
}

// switched reads a body that says on or off.
func switched(c echo.Context) (bool, error) {
	in, err := decode[struct {
		On *bool `json:"on"`
	}](c)
	if err == nil && in.On == nil {
		err = invalid("on", "on is needed.")
	}
	return err == nil && *in.On, err
}

// plain is a command without arguments.
func (s *Server) plain(c echo.Context, action string) error {
	if err := nothing(c); err != nil {
		return err
	}
	return s.do(c, inbox.Command{Action: action, Conversation: c.Param("id")})
}

func (s *Server) postAccept(c echo.Context) error  { return s.plain(c, inbox.Accept) }
func (s *Server) postDecline(c echo.Context) error { return s.plain(c, inbox.Decline) }
func (s *Server) postClaim(c echo.Context) error   { return s.plain(c, inbox.Claim) }
func (s *Server) postWake(c echo.Context) error    { return s.plain(c, inbox.Wake) }
func (s *Server) postResolve(c echo.Context) error { return s.plain(c, inbox.Resolve) }
func (s *Server) postReopen(c echo.Context) error  { return s.plain(c, inbox.Reopen) }
func (s *Server) postRead(c echo.Context) error    { return s.plain(c, inbox.Read) }

func (s *Server) postReply(c echo.Context) error { return s.write(c, inbox.Reply) }
func (s *Server) postNote(c echo.Context) error  { return s.write(c, inbox.Note) }

// messageIn is what an agent writes. What is left out: no files, answers nobody in particular, goes to the customer alone, keeps the
// thread's subject.
type messageIn struct {
	Text     string   `json:"text"`
	Files    []string `json:"files"`    // ids of uploads
	ReplyTo  string   `json:"reply_to"` // touch
	Forward  string   `json:"forward"`  // touch
	Subject  string   `json:"subject"`
	Envelope *struct {
		To  []string `json:"to"`
		Cc  []string `json:"cc"`
		Bcc []string `json:"bcc"`
	} `json:"envelope"`
}

// command makes the command of it that action, conversation and account are added to.
func (s *Server) message(c echo.Context, in *messageIn) (inbox.Command, error) {
	cmd := inbox.Command{Text: in.Text, ReplyTo: in.ReplyTo, Forward: in.Forward}
	if strings.TrimSpace(in.Text) == "" && len(in.Files) == 0 && in.Forward == "" {
		return cmd, invalid("text", "Write something first.")
	}
	if len(in.Text) > channels.MaxText {
		return cmd, invalid("text", "The text is longer than 64 KB.")
	}
	var err error
	if cmd.Subject, err = text("subject", in.Subject, 0, 500, false); err != nil {
		return cmd, err
	}
	if e := in.Envelope; e != nil {
		cmd.Envelope = &channels.Envelope{}
		for _, line := range []struct {
			field string
			from  []string
			to    *[]string
		}{{"to", e.To, &cmd.Envelope.To}, {"cc", e.Cc, &cmd.Envelope.Cc}, {"bcc", e.Bcc, &cmd.Envelope.Bcc}} {
			if *line.to, err = addresses("envelope."+line.field, line.from); err != nil {
				return cmd, err
			}
		}
		if len(cmd.Envelope.To)+len(cmd.Envelope.Cc)+len(cmd.Envelope.Bcc) == 0 {
			return cmd, invalid("envelope.to", "Say to whom.")
		}
	}
	cmd.Files, err = s.openUploads(principalOf(c).User.ID, in.Files)
	return cmd, err
}

// addresses checks recipients: "a@b" or "Name <a@b>".
func addresses(field string, list []string) ([]string, error) {
	if len(list) > 100 {
		return nil, invalid(field, "At most 100 recipients.")
	}
	var out []string
	for _, line := range list {
		a, err := mail.ParseAddress(strings.TrimSpace(line))
		if err != nil || len(line) > 320 {
			return nil, invalid(field, "“"+cut(line, 100)+"” is no e-mail address.")
		}
		if a.Name == "" {
			out = append(out, a.Address)
		} else {
			out = append(out, a.Name+" <"+a.Address+">")
		}
	}
	return out, nil
}

// unmask puts the addresses that are answered in a conversation in the places of what somebody from whom addresses are kept sees of them.
func (s *Server) unmask(ctx context.Context, conversation string, e *channels.Envelope) error {
	if e == nil || !slices.ContainsFunc(slices.Concat(e.To, e.Cc, e.Bcc), record.Masked) {
		return nil
	}
	var known []string
	if conversation != "" {
		r, err := s.hub.RecipientsOf(ctx, conversation)
		if err != nil {
			return missing(err, "conversation")
		}
		known = slices.Concat(r.ReplyAll.To, r.ReplyAll.Cc)
	}
	return unmasked(known, e)
}

// unmasked is unmask with the addresses that are answered, in their order.
func unmasked(known []string, e *channels.Envelope) error {
	for _, part := range []struct {
		field string
		list  []string
	}{{"envelope.to", e.To}, {"envelope.cc", e.Cc}, {"envelope.bcc", e.Bcc}} {
		for i, line := range part.list {
			if !record.Masked(line) {
				continue
			}
			at := slices.IndexFunc(known, func(k string) bool { return record.MaskAddress(addressOf(k)) == addressOf(line) })
			if at < 0 {
				return partOnly(part.field)
			}
			part.list[i] = known[at]
			known = slices.Delete(known, at, at+1) // of two that look alike each is taken once, in their order
		}
	}
	return nil
}

func partOnly(field string) *problem { return invalid(field, "This is a part of an address only.") }

// addressOf is the address in a line of an envelope.
func addressOf(line string) string {
	if a, err := mail.ParseAddress(line); err == nil {
		return a.Address
	}
	return line
}

// write is a reply or a note.
func (s *Server) write(c echo.Context, action string) error {
	in, err := decode[messageIn](c)
	if err != nil {
		return err
	}
	if action == inbox.Note && (in.ReplyTo != "" || in.Forward != "" || in.Subject != "" || in.Envelope != nil) {
		return invalid("text", "A note has text and files only: it goes to nobody.")
	}
	cmd, err := s.message(c, &in)
	if err == nil {
		err = s.unmask(c.Request().Context(), c.Param("id"), cmd.Envelope)
	}
	if err != nil {
		return err
	}
	cmd.Action, cmd.Conversation = action, c.Param("id")
	return s.do(c, cmd)
}

// postConversation begins a conversation that its agent owns.
func (s *Server) postConversation(c echo.Context) error {
	in, err := decode[struct {
		Account string `json:"account"`
		Address string `json:"address"`
		Name    string `json:"name"`
		messageIn
	}](c)
	if err != nil {
		return err
	}
	if _, err := s.account(c.Request().Context(), in.Account); err != nil {
		return err
	}
	cmd, err := s.message(c, &in.messageIn)
	if err != nil {
		return err
	}
	if cmd.Address, err = text("address", in.Address, 1, channels.MaxKey, false); err != nil {
		return err
	}
	if record.Masked(cmd.Address) {
		return partOnly("address")
	}
	if err := s.unmask(c.Request().Context(), "", cmd.Envelope); err != nil {
		return err
	}
	if cmd.Name, err = text("name", in.Name, 0, 200, false); err != nil {
		return err
	}
	cmd.Action, cmd.Account = inbox.Start, in.Account
	return s.do(c, cmd)
}

// getRecipients is what the composer of a mail begins with.
func (s *Server) getRecipients(c echo.Context) error {
	ctx, id := c.Request().Context(), c.Param("id")
	r, err := s.hub.RecipientsOf(ctx, id)
	if err != nil {
		return missing(err, "conversation")
	}
	conv, err := s.db.Header(ctx, id)
	if err != nil {
		return missing(err, "conversation")
	}
	return c.JSON(http.StatusOK, map[string]any{"envelope": r.Reply, "reply_all": r.ReplyAll, "subject": r.Subject,
		"signature": s.hub.Signature(principalOf(c).User.ID, conv.Queue)})
}

// postEdit changes a message that was sent, where its channel allows that.
func (s *Server) postEdit(c echo.Context) error {
	in, err := decode[struct {
		Text string `json:"text"`
	}](c)
	if err != nil {
		return err
	}
	cmd, err := s.message(c, &messageIn{Text: in.Text})
	if err != nil {
		return err
	}
	cmd.Action, cmd.Touch = inbox.Change, c.Param("id")
	return s.do(c, cmd)
}

// postBlock says whether an identity's messages wake anybody.
func (s *Server) postBlock(c echo.Context) error {
	on, err := switched(c)
	if err != nil {
		return err
	}
	return s.do(c, inbox.Command{Action: inbox.Block, Identity: c.Param("id"), On: on})
}

// postStartLink gives an address that the customer opens to be known on an account's channel as well.
func (s *Server) postStartLink(c echo.Context) error {
	in, err := decode[struct {
		Account string `json:"account"`
	}](c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if _, err := s.db.Customer(ctx, c.Param("id")); err != nil {
		return missing(err, "customer")
	}
	if _, err := s.account(ctx, in.Account); err != nil {
		return err
	}
	url := s.hub.StartLink(in.Account, c.Param("id"))
	if url == "" {
		return notFound("link for this account's channel")
	}
	return c.JSON(http.StatusOK, map[string]string{"url": url})
}

func (s *Server) postAssign(c echo.Context) error {
	in, err := decode[struct {
		Agent string `json:"agent"`
	}](c)
	if err != nil {
		return err
	}
	if in.Agent == "" {
		return invalid("agent", "Say to whom.")
	}
	return s.do(c, inbox.Command{Action: inbox.Assign, Conversation: c.Param("id"), Agent: in.Agent})
}

func (s *Server) postTransfer(c echo.Context) error {
	in, err := decode[struct {
		Queue string `json:"queue"`
		Agent string `json:"agent"`
	}](c)
	if err != nil {
		return err
	}
	if (in.Queue == "") == (in.Agent == "") {
		return invalid("queue", "Say where to: a queue or an agent.")
	}
	return s.do(c, inbox.Command{Action: inbox.Transfer, Conversation: c.Param("id"), Queue: in.Queue, Agent: in.Agent})
}

func (s *Server) postSnooze(c echo.Context) error {
	in, err := decode[struct {
		Until record.Millis `json:"until"`
	}](c)
	if err != nil {
		return err
	}
	// The hub refuses the past; nobody means a time that far ahead.
	if in.Until > s.hub.Now()+2*365*24*3600_000 {
		return invalid("until", "Choose a time within two years.")
	}
	return s.do(c, inbox.Command{Action: inbox.Snooze, Conversation: c.Param("id"), Until: in.Until})
}

func (s *Server) postTags(c echo.Context) error {
	in, err := decode[struct {
		Tags []string `json:"tags"`
	}](c)
	if err != nil {
		return err
	}
	if in.Tags == nil {
		return invalid("tags", "tags is needed: the whole list.")
	}
	return s.do(c, inbox.Command{Action: inbox.Tag, Conversation: c.Param("id"), Tags: in.Tags})
}

func (s *Server) postPriority(c echo.Context) error {
	in, err := decode[struct {
		Priority *int `json:"priority"`
	}](c)
	if err != nil {
		return err
	}
	if in.Priority == nil {
		return invalid("priority", "priority is needed.")
	}
	return s.do(c, inbox.Command{Action: inbox.Priority, Conversation: c.Param("id"), Priority: *in.Priority})
}

func (s *Server) postRetry(c echo.Context) error {
	if err := nothing(c); err != nil {
		return err
	}
	return s.do(c, inbox.Command{Action: inbox.Retry, Touch: c.Param("id")})
}

func (s *Server) postTyping(c echo.Context) error {
	on, err := switched(c)
	if err != nil {
		return err
	}
	s.hub.Typing(c.Param("id"), principalOf(c).User.ID, on)
	return c.NoContent(http.StatusNoContent)
}

// stateIn is an agent's state as people set it; the router sets the others. wrap_up goes with until, and makes longer one that runs.
type stateIn struct {
	State    record.AgentState `json:"state"`
	Reason   string            `json:"reason"`
	Channels []string          `json:"channels"` // whose conversations are taken; none: all; absent: as before
	Until    record.Millis     `json:"until"`
}

func (s *Server) putState(c echo.Context) error { return s.setState(c, principalOf(c).User.ID) }

func (s *Server) putAgentState(c echo.Context) error { return s.setState(c, c.Param("id")) }

func (s *Server) setState(c echo.Context, agent string) error {
	in, err := decode[stateIn](c)
	if err != nil {
		return err
	}
	if err := choice("state", string(in.State), string(record.Offline), string(record.Available), string(record.Busy), string(record.Break), string(record.WrapUp)); err != nil {
		return err
	}
	switch wrapUp := in.State == record.WrapUp; {
	case wrapUp && in.Until == 0:
		return invalid("state", "Wrap-up begins by itself; say until when it is to be made longer.")
	case !wrapUp && in.Until != 0:
		return invalid("until", "until goes with wrap_up, and makes it longer.")
	}
	for _, kind := range in.Channels {
		if err := choice("channels", kind, s.kindNames()...); err != nil {
			return err
		}
	}
	if in.Reason, err = text("reason", in.Reason, 0, 120, false); err != nil {
		return err
	}
	e, err := s.carryOut(c, inbox.Command{Action: inbox.SetState, Agent: agent, State: in.State, Reason: in.Reason, Channels: in.Channels, Until: in.Until})
	if err != nil {
		return err
	}
	for _, a := range e.Agents {
		if a.ID == agent {
			return c.JSON(http.StatusOK, a)
		}
	}
	return c.JSON(http.StatusOK, s.hub.Agent(agent)) // it was so already
}
