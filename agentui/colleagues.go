package agentui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tamas/channels"
	"tamas/inbox"
	"tamas/inbox/record"
)

// What colleagues do beside a conversation's owner. No customer sees any of it.

// remarkIn is what these commands take; each takes some of the fields.
type remarkIn struct {
	Text  string `json:"text"`
	Agent string `json:"agent"`
	Touch string `json:"touch"`
	OK    *bool  `json:"ok"`
}

// Fields of remarkIn.
const (
	withText  = 1 << iota // needed
	mayText               // may be left out
	mayAgent              // likewise
	withTouch             // needed
	withOK                // needed
)

// remark reads what the command takes and carries it out.
func (s *Server) remark(c echo.Context, cmd inbox.Command, fields int) error {
	in, err := decode[remarkIn](c)
	if err != nil {
		return err
	}
	switch {
	case in.Text != "" && fields&(withText|mayText) == 0:
		return invalid("text", "There is no field text here.")
	case in.Agent != "" && fields&mayAgent == 0:
		return invalid("agent", "There is no field agent here.")
	case in.Touch != "" && fields&withTouch == 0:
		return invalid("touch", "There is no field touch here.")
	case in.OK != nil && fields&withOK == 0:
		return invalid("ok", "There is no field ok here.")
	case in.OK == nil && fields&withOK != 0:
		return invalid("ok", "Say whether it is to be sent.")
	}
	min := 0
	if fields&withText != 0 {
		min = 1
	}
	if cmd.Text, err = text("text", in.Text, min, channels.MaxText/4, true); err != nil {
		return err
	}
	if fields&withTouch != 0 {
		if in.Touch, err = text("touch", in.Touch, 1, 64, false); err != nil {
			return err
		}
	}
	cmd.Conversation, cmd.Agent, cmd.Touch, cmd.ReplyTo = c.Param("id"), in.Agent, in.Touch, in.Touch
	cmd.On = in.OK != nil && *in.OK
	return s.do(c, cmd)
}

func (s *Server) postConsult(c echo.Context) error {
	return s.remark(c, inbox.Command{Action: inbox.Consult}, mayText|mayAgent)
}
func (s *Server) postConsultJoin(c echo.Context) error     { return s.plain(c, inbox.Join) }
func (s *Server) postConsultCancel(c echo.Context) error   { return s.plain(c, inbox.Unasked) }
func (s *Server) postConsultComplete(c echo.Context) error { return s.plain(c, inbox.HandOver) }

func (s *Server) postDraft(c echo.Context) error {
	return s.remark(c, inbox.Command{Action: inbox.Draft}, withText)
}

func (s *Server) postReview(c echo.Context) error {
	return s.remark(c, inbox.Command{Action: inbox.Review}, withText|mayAgent)
}

func (s *Server) postVerdict(c echo.Context) error {
	return s.remark(c, inbox.Command{Action: inbox.Verdict}, withTouch|withOK|mayText)
}

func (s *Server) postFlag(c echo.Context) error {
	return s.remark(c, inbox.Command{Action: inbox.Flag}, withText|mayAgent)
}

func (s *Server) postFlagAnswer(c echo.Context) error {
	return s.remark(c, inbox.Command{Action: inbox.Answer}, withTouch|withText)
}

func (s *Server) postSeen(c echo.Context) error {
	return s.remark(c, inbox.Command{Action: inbox.Seen}, withTouch)
}

func (s *Server) postWhisper(c echo.Context) error {
	return s.remark(c, inbox.Command{Action: inbox.Whisper}, withText)
}

// getPull lists what waits in pull queues for the caller to take, in the order in which it should be taken.
func (s *Server) getPull(c echo.Context) error {
	page, err := s.db.ConversationsOf(c.Request().Context(), s.hub.Pullable(principalOf(c).User.ID, maxPage))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Items []record.View `json:"items"`
		At    record.ID     `json:"at"`
	}{page.Items, page.At})
}
