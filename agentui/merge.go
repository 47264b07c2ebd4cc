package agentui

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// rowID is the id of a row in the path; none of ours holds what text refuses.
func rowID(c echo.Context, what string) (string, error) {
	id, err := text("id", c.Param("id"), 1, 256, false)
	if err != nil {
		return "", notFound(what)
	}
	return id, nil
}

// decodeAbout reads a request about a row: its body, and the row's id in the path.
func decodeAbout[T any](c echo.Context, what string) (in T, id string, err error) {
	if in, err = decode[T](c); err == nil {
		id, err = rowID(c, what)
	}
	return in, id, err
}

// decided is who asks, about what was seen.
func (s *Server) decided(c echo.Context, seen string) record.Decided {
	return record.Decided{At: s.hub.Now(), By: principalOf(c).User.ID, Seen: seen, Rules: s.hub.FactRules()}
}

// settle has open conversations take over the tier of the customer that they are of now, and tells all.
func (s *Server) settle(c echo.Context, customers ...string) {
	ctx := context.WithoutCancel(c.Request().Context())
	for _, id := range customers {
		page, err := s.db.Customer(ctx, id)
		if err == nil {
			err = s.hub.SetTier(ctx, record.Actor{Kind: "agent", ID: principalOf(c).User.ID}, page.Customer.ID, page.Customer.Tier)
		}
		if err != nil {
			s.log.Warn("open conversations keep the customer's tier of before", "customer", id, "err", err)
		}
	}
	s.tellSettings(ctx, topicCustomers)
}

// whose is a customer with identities, as the audit keeps it: without personal text.
type whose struct {
	Customer   string   `json:"customer"`
	Identities []string `json:"identities"`
}

func whoseOf(customer string, lists ...[]record.Identity) whose {
	w := whose{customer, []string{}}
	for _, list := range lists {
		for _, i := range list {
			w.Identities = append(w.Identities, i.ID)
		}
	}
	return w
}

// same says which field names a customer that is the other one.
func same(err error, field, message string) error {
	if errors.Is(err, record.ErrSame) {
		return invalid(field, message)
	}
	return err
}

const areOne = "They are one customer already."

func (s *Server) getCustomerHistory(c echo.Context) error {
	id, err := rowID(c, "customer")
	if err != nil {
		return err
	}
	h, err := s.db.CustomerHistory(c.Request().Context(), id)
	if err != nil {
		return missing(err, "customer")
	}
	return c.JSON(http.StatusOK, h)
}

// previewMerge tells what merging the customer from into the one of the path would do.
func (s *Server) previewMerge(c echo.Context) error {
	into, err := rowID(c, "customer")
	if err != nil {
		return err
	}
	from, err := text("from", c.QueryParam("from"), 1, 256, false)
	if err != nil {
		return err
	}
	p, err := s.db.PreviewMerge(c.Request().Context(), from, into)
	if err != nil {
		return missing(same(err, "from", areOne), "customer")
	}
	return c.JSON(http.StatusOK, p)
}

// mergeAnswer is a merge that was made or undone, with the customers that there are now.
type mergeAnswer struct {
	Merge record.Merge     `json:"merge"`
	From  *record.Customer `json:"from,omitempty"` // of one that was undone
	Into  record.Customer  `json:"into"`
}

func (s *Server) answerMerge(c echo.Context, m record.Merge) error {
	ctx := c.Request().Context()
	out := mergeAnswer{Merge: m}
	page, err := s.db.Customer(ctx, m.Into)
	out.Into = page.Customer
	if err == nil && m.UndoneAt != 0 {
		page, err = s.db.Customer(ctx, m.From)
		out.From = &page.Customer
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (s *Server) mergeNote(c echo.Context) func(record.MergePreview, record.Merge) record.Note {
	return func(p record.MergePreview, m record.Merge) record.Note {
		return s.note(c, "customer.merge", m.Into,
			map[string]any{"from": whoseOf(m.From, p.From.Identities), "into": whoseOf(m.Into, p.Into.Identities)},
			map[string]any{"merge": m.ID, "into": whoseOf(m.Into, p.From.Identities, p.Into.Identities)})
	}
}

func (s *Server) postMerge(c echo.Context) error {
	in, into, err := decodeAbout[struct {
		From   string `json:"from"`
		Reason string `json:"reason"`
		Seen   string `json:"seen"`
	}](c, "customer")
	if err != nil {
		return err
	}
	if err := setText("from", &in.From, &in.From, 1, 256, false); err != nil {
		return err
	}
	if err := setText("reason", &in.Reason, &in.Reason, 0, 500, true); err != nil {
		return err
	}
	ctx := c.Request().Context()
	m, err := s.db.Merge(ctx, in.From, into, in.Reason, s.decided(c, in.Seen), s.mergeNote(c))
	if err != nil {
		return stale(same(err, "from", areOne), "customer", func() (record.MergePreview, error) {
			p, err := s.db.PreviewMerge(ctx, in.From, into)
			return p, err
		})
	}
	s.settle(c, m.Into)
	return s.answerMerge(c, m)
}

// getMerge tells what undoing a merge would do.
func (s *Server) getMerge(c echo.Context) error {
	id, err := rowID(c, "merge")
	if err != nil {
		return err
	}
	p, err := s.db.PreviewUndo(c.Request().Context(), id)
	if errors.Is(err, record.ErrConflict) {
		return conflict(nil)
	}
	if err != nil {
		return missing(err, "merge")
	}
	return c.JSON(http.StatusOK, p)
}

func (s *Server) postMergeUndo(c echo.Context) error {
	in, id, err := decodeAbout[struct {
		Move []string `json:"move"`
		Seen string   `json:"seen"`
	}](c, "merge")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	m, err := s.db.UndoMerge(ctx, id, in.Move, s.decided(c, in.Seen), func(p record.UndoPreview, m record.Merge) record.Note {
		return s.note(c, "customer.unmerge", m.Into,
			map[string]any{"into": whoseOf(m.Into, p.From.Identities, p.Into.Identities)},
			map[string]any{"merge": m.ID, "from": whoseOf(m.From, p.From.Identities), "into": whoseOf(m.Into, p.Into.Identities), "moved": in.Move})
	})
	if errors.Is(err, record.ErrConflict) {
		p, err := s.db.PreviewUndo(ctx, id)
		if errors.Is(err, record.ErrConflict) { // it has been undone
			return conflict(nil)
		}
		if err != nil {
			return err
		}
		return conflict(p)
	}
	if err != nil {
		return missing(err, "merge")
	}
	s.settle(c, m.From, m.Into)
	return s.answerMerge(c, m)
}

// splitAnswer is the change, which can be undone, and who has the identities now.
type splitAnswer struct {
	Link     record.Link     `json:"link"`
	Customer record.Customer `json:"customer"`
}

func (s *Server) postSplit(c echo.Context) error {
	in, id, err := decodeAbout[struct {
		Identities []string `json:"identities"`
		Into       string   `json:"into"`
		Name       string   `json:"name"`
		Evidence   string   `json:"evidence"`
	}](c, "customer")
	if err != nil {
		return err
	}
	if len(in.Identities) == 0 {
		return invalid("identities", "Say which identities.")
	}
	if len(in.Identities) > 1000 {
		return invalid("identities", "These are too many at once.")
	}
	slices.Sort(in.Identities)
	in.Identities = slices.Compact(in.Identities)
	for field, v := range map[string]*string{"into": &in.Into, "name": &in.Name, "evidence": &in.Evidence} {
		if err := setText(field, v, v, 0, 256, false); err != nil {
			return err
		}
	}
	if in.Name != "" && !s.sight(c).Edits(record.FieldName) {
		return locked(record.FieldName)
	}
	ctx := c.Request().Context()
	l, err := s.db.Split(ctx, id, record.SplitOrder{Identities: in.Identities, Into: in.Into, Name: in.Name, Evidence: in.Evidence}, s.decided(c, ""), func(l record.Link) record.Note {
		return s.note(c, "customer.split", l.From, whose{l.From, in.Identities}, whose{l.To, in.Identities})
	})
	switch {
	case errors.Is(err, record.ErrSame) && in.Into != "":
		return invalid("into", areOne)
	case errors.Is(err, record.ErrSame):
		return invalid("identities", "One at least has to stay.")
	case errors.Is(err, record.ErrConflict):
		return invalid("identities", "One of them is not this customer's.")
	case err != nil:
		return missing(err, "customer")
	}
	s.settle(c, l.From, l.To)
	page, err := s.db.Customer(ctx, l.To)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, splitAnswer{l, page.Customer})
}

// postLinkUndo gives the identities of a change back to whom they were of.
func (s *Server) postLinkUndo(c echo.Context) error {
	if err := nothing(c); err != nil {
		return err
	}
	id, err := rowID(c, "link")
	if err != nil {
		return err
	}
	back, err := s.db.UndoLink(c.Request().Context(), id, s.decided(c, ""), func(were, back []record.Identity) record.Note {
		return s.note(c, "customer.unlink", were[0].Customer, whoseOf(were[0].Customer, were), whoseOf(back[0].Customer, back))
	})
	if err != nil {
		return stale(err, "link", func() (any, error) { return nil, nil })
	}
	customers := []string{}
	for _, i := range back {
		if !slices.Contains(customers, i.Customer) {
			customers = append(customers, i.Customer)
		}
	}
	s.settle(c, customers...)
	return c.JSON(http.StatusOK, listOf(back))
}
