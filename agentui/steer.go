package agentui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tamas/inbox"
	"tamas/inbox/record"
)

// What supervisors do to steer. Each act says in its event what was before, or stands in the audit.

func (s *Server) postBarge(c echo.Context) error {
	on, err := switched(c)
	if err != nil {
		return err
	}
	return s.do(c, inbox.Command{Action: inbox.Barge, Conversation: c.Param("id"), On: on})
}

func (s *Server) postNeeds(c echo.Context) error {
	in, err := decode[struct {
		Needs []record.Need `json:"needs"`
	}](c)
	if err != nil {
		return err
	}
	if in.Needs == nil {
		return invalid("needs", "needs is needed: the whole list.")
	}
	return s.do(c, inbox.Command{Action: inbox.Skills, Conversation: c.Param("id"), Needs: in.Needs})
}

// postSignOut ends all of an agent's sessions, here and on other nodes, and sets the agent offline: the router takes care of what is left.
func (s *Server) postSignOut(c echo.Context) error {
	if err := nothing(c); err != nil {
		return err
	}
	ctx, id, who := c.Request().Context(), c.Param("id"), principalOf(c)
	if id == who.User.ID {
		return invalid("", "Sign yourself out in your own menu.")
	}
	u, err := s.db.User(ctx, id)
	if err != nil {
		return missing(err, "agent")
	}
	if u.Role == record.RoleAdmin && !who.atLeast(record.RoleAdmin) {
		return forbidden("Only an admin can sign an admin out.")
	}
	before := s.hub.Agent(id)
	if _, err := s.carryOut(c, inbox.Command{Action: inbox.SetState, Agent: id, State: record.Offline}); err != nil {
		return err
	}
	err = s.db.EndSessions(ctx, id, func(ended int64) record.Note {
		return s.note(c, "agent.sign_out", id, map[string]any{"state": before.State, "sessions": ended}, map[string]any{"state": record.Offline, "sessions": 0})
	})
	if err != nil {
		return err
	}
	s.signOutUser(id, "")
	s.tellSettings(ctx, topicSessions)
	return c.NoContent(http.StatusNoContent)
}

// postQueueClose closes or opens a queue by hand. What it is told while closed stays when no text comes.
func (s *Server) postQueueClose(c echo.Context) error {
	in, err := decode[struct {
		Closed *bool   `json:"closed"`
		Text   *string `json:"text"`
	}](c)
	if err != nil {
		return err
	}
	if in.Closed == nil {
		return invalid("closed", "closed is needed.")
	}
	ctx, id := c.Request().Context(), c.Param("id")
	q, err := s.queue(ctx, id)
	if err != nil {
		return err
	}
	before := q.Routing
	q.Routing.Closed = *in.Closed
	if err := setText("text", &q.Routing.ClosedText, in.Text, 0, 1000, true); err != nil {
		return err
	}
	if q.Routing.Closed == before.Closed && q.Routing.ClosedText == before.ClosedText {
		return c.JSON(http.StatusOK, q)
	}
	is := func(r *record.Routing) map[string]any {
		return map[string]any{"closed": r.Closed, "text": r.ClosedText}
	}
	if q, err = s.db.EditQueue(ctx, q, s.note(c, "queue.close", id, is(&before), is(&q.Routing))); err != nil {
		return stale(err, "queue", func() (record.Queue, error) { return s.queue(ctx, id) })
	}
	s.tellSettings(ctx, topicQueues)
	return c.JSON(http.StatusOK, q)
}
