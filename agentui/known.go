package agentui

import (
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"tamas/channels"
	"tamas/inbox/record"
)

// addressIn is an address of a customer: a channel, "phone" among them, and what is written there.
type addressIn struct {
	Channel string `json:"channel"`
	Address string `json:"address"`
}

// identity checks an address, and writes it as the channels do. field is where it stands in the request.
func (s *Server) identity(field string, in addressIn) (record.Identity, error) {
	i, err := s.hub.LogRules().Address(in.Channel, in.Address)
	var wrong *channels.FieldError
	if errors.As(err, &wrong) {
		what := "address"
		if in.Channel == "" || wrong.Field == "customer.channel" {
			what = "channel"
		}
		return i, invalid(field+what, "The "+what+": "+wrong.Reason+".")
	}
	return i, err
}

// takenBy says whose an address is.
func takenBy(err error, field func(at int) string) error {
	var taken *record.TakenError
	if errors.As(err, &taken) {
		return &problem{Status: http.StatusConflict, Code: codeConflict, Field: field(taken.At), Message: "This address is a customer's already.", Current: taken.Customer}
	}
	return missing(err, "customer")
}

// postCustomer makes a customer by hand.
func (s *Server) postCustomer(c echo.Context) error {
	in, err := decode[struct {
		Name       string      `json:"name"`
		Identities []addressIn `json:"identities"`
	}](c)
	if err != nil {
		return err
	}
	if err := setText("name", &in.Name, &in.Name, 0, 200, false); err != nil {
		return err
	}
	// Whoever may not know addresses does not learn in this way whose one is.
	for field, sent := range map[string]bool{record.FieldName: in.Name != "", record.FieldAddress: len(in.Identities) > 0} {
		if sent && !s.sight(c).Edits(field) {
			return locked(field)
		}
	}
	if in.Name == "" && len(in.Identities) == 0 {
		return invalid("name", "A name or an address is needed.")
	}
	if len(in.Identities) > 50 {
		return invalid("identities", "These are too many addresses.")
	}
	list := []record.Identity{}
	for n, a := range in.Identities {
		i, err := s.identity(at("identities", n)+".", a)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(list, func(o record.Identity) bool { return o.ID == i.ID }) {
			list = append(list, i)
		}
	}
	ctx := c.Request().Context()
	row, err := s.db.AddCustomer(ctx, in.Name, list, s.decided(c, ""), func(row record.Customer, list []record.Identity) record.Note {
		return s.note(c, "customer.add", row.ID, nil, whoseOf(row.ID, list))
	})
	if err != nil {
		return takenBy(err, func(n int) string { return at("identities", n) + ".address" })
	}
	s.tellSettings(ctx, topicCustomers)
	return c.JSON(http.StatusOK, row)
}

// postIdentity gives a customer a further address.
func (s *Server) postIdentity(c echo.Context) error {
	in, err := decode[struct {
		addressIn
		Evidence string `json:"evidence"`
	}](c)
	if err != nil {
		return err
	}
	id, err := rowID(c, "customer")
	if err != nil {
		return err
	}
	if !s.sight(c).Edits(record.FieldAddress) {
		return locked(record.FieldAddress)
	}
	if err := setText("evidence", &in.Evidence, &in.Evidence, 0, 256, false); err != nil {
		return err
	}
	i, err := s.identity("", in.addressIn)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	i, err = s.db.AddIdentity(ctx, id, i, in.Evidence, s.decided(c, ""), func(root string) record.Note {
		return s.note(c, "customer.identity", root, nil, whose{root, []string{i.ID}})
	})
	if err != nil {
		return takenBy(err, func(int) string { return "address" })
	}
	s.tellSettings(ctx, topicCustomers)
	return c.JSON(http.StatusOK, i)
}

// listFixes lists customers, or those whose record wants something, the newest first.
func (s *Server) listFixes(c echo.Context) error {
	list := c.QueryParam("fix")
	if list != "" {
		if err := choice("fix", list, record.FixLists...); err != nil {
			return err
		}
	}
	limit, err := queryInt(c, "limit", pageSize, 1, maxPage)
	if err != nil {
		return err
	}
	before, err := text("before", c.QueryParam("before"), 0, 100, false)
	if err != nil {
		return err
	}
	set := s.hub.Settings()
	rules, attributes := s.sight(c).Asks(&set.Record, set.Attributes)
	page, err := s.db.FixList(c.Request().Context(), list, rules, attributes, s.hub.Now(), before, limit)
	if err != nil {
		return badPosition(err)
	}
	return c.JSON(http.StatusOK, page)
}

// postConversationAttributes changes a conversation's own fields.
func (s *Server) postConversationAttributes(c echo.Context) error {
	in, err := decode[struct {
		Attributes record.Values `json:"attributes"`
	}](c)
	if err != nil {
		return err
	}
	if len(in.Attributes) == 0 {
		return invalid("attributes", "Say which attributes.")
	}
	sight := s.sight(c)
	values, err := checkAttributes(s.hub.Settings().Attributes, record.OfConversation, in.Attributes, sight)
	if err != nil {
		return err
	}
	id, err := rowID(c, "conversation")
	if err != nil {
		return err
	}
	ctx, by := c.Request().Context(), s.decided(c, "")
	all, err := s.db.SetConversationAttributes(ctx, id, values, by,
		during(by.At, s.note(c, "conversation.attributes", id, nil, map[string]any{"fields": record.AttributeIDs(values)})))
	if err != nil {
		return missing(err, "conversation")
	}
	s.tellSettings(ctx, topicCustomers)
	return c.JSON(http.StatusOK, map[string]record.Values{"attributes": all})
}
