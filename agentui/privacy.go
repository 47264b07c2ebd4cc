package agentui

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/inbox/redact"
)

var privacySetting = &setting[record.PrivacySetting]{inbox.PrivacySetting, func() record.PrivacySetting { return record.PrivacySetting{Retention: []record.RetentionRule{}} }, checkPrivacy}

const (
	minRetention = 1
	maxRetention = 100 * 366 // days
)

func checkPrivacy(s *Server, _, v *record.PrivacySetting) error {
	if !slices.Contains([]string{"", "named", "always"}, v.NationalIDs) {
		return invalid("value.national_ids", "It is “named”, “always” or empty.")
	}
	if !slices.Contains([]string{"", record.RoleAgent, record.RoleSupervisor, record.RoleAdmin}, v.Reveal) {
		return invalid("value.reveal", "There is no such role.")
	}
	if v.Retention == nil {
		v.Retention = []record.RetentionRule{}
	}
	if len(v.Retention) > 50 {
		return invalid("value.retention", "There are more than 50 rules.")
	}
	seen := map[string]bool{}
	for i := range v.Retention {
		r, field := &v.Retention[i], at("value.retention", i)
		if err := checkKey(field+".id", r.ID, seen); err != nil {
			return err
		}
		var err error
		if r.Name, err = text(field+".name", r.Name, 1, 120, false); err != nil {
			return err
		}
		if err := between(field+".days", r.Days, minRetention, maxRetention); err != nil {
			return err
		}
		if r.What != record.RetainText && r.What != record.RetainCustomer {
			return invalid(field+".what", "It is “text” or “customer”.")
		}
		for _, list := range []struct {
			name string
			of   *[]string
		}{{"kinds", &r.Kinds}, {"channels", &r.Channels}} {
			if *list.of == nil {
				*list.of = []string{}
			}
			if len(*list.of) > 50 {
				return invalid(field+"."+list.name, "There are more than 50.")
			}
			for _, x := range *list.of {
				if _, err := text(field+"."+list.name, x, 1, 64, false); err != nil {
					return err
				}
			}
		}
		if r.What == record.RetainCustomer && len(r.Kinds)+len(r.Channels) > 0 {
			return invalid(field+".kinds", "A whole customer has touches of all kinds and channels.")
		}
		if r.Without, err = text(field+".without_purpose", r.Without, 0, 64, false); err != nil {
			return err
		}
		// To one that is not there nobody has agreed: everybody would be taken away.
		if r.Without != "" && !slices.ContainsFunc(s.hub.Settings().Record.Purposes, func(o record.Option) bool { return o.ID == r.Without }) {
			return invalid(field+".without_purpose", "There is no such purpose.")
		}
	}
	return nil
}

// atLeast tells whether a role has the rights of another.
func atLeast(role, least string) bool {
	order := []string{record.RoleAgent, record.RoleSupervisor, record.RoleAdmin}
	return least != "" && slices.Index(order, role) >= slices.Index(order, least)
}

// postUnmask shows what was masked in a message, to whom the settings let, and notes that it was shown.
func (s *Server) postUnmask(c echo.Context) error {
	if err := nothing(c); err != nil {
		return err
	}
	if !atLeast(principalOf(c).User.Role, s.hub.Settings().Privacy.Reveal) {
		return forbidden("What was masked is not shown to you.")
	}
	ctx := c.Request().Context()
	t, err := s.db.Touch(ctx, c.Param("id"))
	if err != nil {
		return missing(err, "message")
	}
	secrets, err := s.hub.Unmask(&t)
	if errors.Is(err, inbox.ErrNothingKept) {
		return notFound("original: nothing of it was kept")
	}
	if err != nil {
		return err
	}
	kinds := []string{}
	for _, x := range secrets {
		kinds = append(kinds, x.Kind)
	}
	if err := s.db.Noted(ctx, s.note(c, "touch.unmask", t.ID, nil, map[string]any{"kinds": kinds, "conversation": t.Conversation})); err != nil {
		return err
	}
	if i, err := s.db.Identity(ctx, t.Identity); err == nil {
		s.looked(c, record.SeenUnmasked, i.Customer)
	}
	return c.JSON(http.StatusOK, map[string][]redact.Secret{"secrets": secrets})
}

// previewRetention counts what a rule would take away now.
func (s *Server) previewRetention(c echo.Context) error {
	in, err := decode[struct {
		Rule record.RetentionRule `json:"rule"`
	}](c)
	if err != nil {
		return err
	}
	v := record.PrivacySetting{Retention: []record.RetentionRule{in.Rule}}
	if err := checkPrivacy(s, nil, &v); err != nil {
		return err
	}
	p, err := s.hub.PreviewRetention(c.Request().Context(), v.Retention[0])
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

// retainFor is how long a request carries rules out.
const retainFor = 10 * time.Second

// runRetention carries all rules out now, as far as it gets: "more" asks for another time. They run by themselves, too.
func (s *Server) runRetention(c echo.Context) error {
	if err := nothing(c); err != nil {
		return err
	}
	ctx := c.Request().Context()
	did, late := s.hub.Retain(ctx, time.Now().Add(retainFor))
	if err := errors.Join(late, s.db.Noted(ctx, s.note(c, "retention.run", "", nil, did))); err != nil { // what was done until then is noted, too
		return err
	}
	if did.Customers > 0 {
		s.tellSettings(ctx, topicCustomers)
	}
	return c.JSON(http.StatusOK, did)
}

// erasePreview is what erasing a customer would take, and what stands against it.
type erasePreview struct {
	Counts record.EraseCounts `json:"counts"`
	Open   int                `json:"open"` // conversations that have to be resolved first
	Hold   *record.Hold       `json:"hold,omitempty"`
}

func (s *Server) previewErase(c echo.Context) error {
	id, err := rowID(c, "customer")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	var p erasePreview
	if p.Counts, err = s.db.PreviewErase(ctx, id); err != nil {
		return missing(err, "customer")
	}
	hold, err := s.db.HoldOf(ctx, id)
	switch {
	case err == nil:
		p.Hold = &hold
		return c.JSON(http.StatusOK, p)
	case !errors.Is(err, record.ErrNotFound):
		return err
	}
	open, _, _, err := s.db.LiveOf(ctx, id, s.hub.Now())
	if err != nil && !errors.Is(err, record.ErrHeld) {
		return missing(err, "customer")
	}
	p.Open = len(open)
	return c.JSON(http.StatusOK, p)
}

// postErase erases a person for good.
func (s *Server) postErase(c echo.Context) error {
	in, id, err := decodeAbout[struct {
		Reason string `json:"reason"`
	}](c, "customer")
	if err != nil {
		return err
	}
	reason, err := text("reason", in.Reason, 1, 500, false)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	e, err := s.hub.Erase(ctx, id, reason, principalOf(c).User.ID, func(e record.Erasure) record.Note {
		return s.note(c, "customer.erase", e.Customer, nil, map[string]any{"erasure": e.ID, "stands": e.Stands, "counts": e.Counts})
	})
	switch {
	case errors.Is(err, inbox.ErrOpen):
		return invalid("", "A conversation of this customer is open: resolve it first.")
	case errors.Is(err, record.ErrHeld):
		return invalid("", "This customer must be kept for now: there is a hold.")
	case errors.Is(err, record.ErrLive):
		return &problem{Status: http.StatusConflict, Code: codeConflict, Message: "Something of this customer is under way: try again in a moment."}
	case err != nil:
		return missing(err, "customer")
	}
	s.tellSettings(ctx, topicCustomers)
	return c.JSON(http.StatusOK, e)
}

func (s *Server) putHold(c echo.Context) error {
	in, id, err := decodeAbout[struct {
		Why string `json:"why"`
	}](c, "customer")
	if err != nil {
		return err
	}
	why, err := text("why", in.Why, 0, 500, false)
	if err != nil {
		return err
	}
	h := record.Hold{Customer: id, At: s.hub.Now(), By: principalOf(c).User.ID, Why: why}
	if err := s.db.SetHold(c.Request().Context(), h, s.note(c, "customer.hold", id, nil, map[string]any{"held": why != ""})); err != nil {
		return missing(err, "customer")
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) listErasures(c echo.Context) error {
	limit, err := queryInt(c, "limit", pageSize, 1, maxPage)
	if err != nil {
		return err
	}
	before, err := queryInt(c, "before", 0, 0, 1<<52)
	if err != nil {
		return err
	}
	list, err := s.db.Erasures(c.Request().Context(), record.Millis(before), limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(list))
}

func (s *Server) getErasure(c echo.Context) error {
	id, err := rowID(c, "erasure")
	if err != nil {
		return err
	}
	e, err := s.db.Erasure(c.Request().Context(), id)
	if err != nil {
		return missing(err, "erasure")
	}
	return c.JSON(http.StatusOK, e)
}
