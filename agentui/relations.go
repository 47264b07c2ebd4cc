package agentui

import (
	"errors"
	"net/http"
	"regexp"
	"slices"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

func (s *Server) postRelation(c echo.Context) error {
	in, err := decode[struct {
		Other string `json:"other"`
		Kind  string `json:"kind"`
		Text  string `json:"text"`
	}](c)
	if err != nil {
		return err
	}
	if !s.sight(c).Edits(record.FieldRelations) {
		return locked(record.FieldRelations)
	}
	id, err := rowID(c, "customer")
	if err != nil {
		return err
	}
	if err := setText("other", &in.Other, &in.Other, 1, 256, false); err != nil {
		return err
	}
	if !slices.ContainsFunc(s.hub.Settings().Record.RelationKinds, func(k record.RelationKind) bool { return k.ID == in.Kind && !k.Archived }) {
		return invalid("kind", "There is no such kind of relation.")
	}
	if err := setText("text", &in.Text, &in.Text, 0, 500, true); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if _, err := s.db.Customer(ctx, in.Other); errors.Is(err, record.ErrNotFound) {
		return invalid("other", "There is no such customer.")
	}
	r, err := s.db.AddRelation(ctx, id, in.Other, in.Kind, in.Text, s.decided(c, ""), func(r record.Relation) record.Note {
		return s.note(c, "customer.relation", r.From(), nil, map[string]string{"relation": r.ID, "other": r.Other.ID, "kind": r.Kind})
	})
	switch {
	case errors.Is(err, record.ErrSame):
		return invalid("other", "They are one customer.")
	case errors.Is(err, record.ErrTaken):
		return invalid("kind", "This has been said already.")
	case err != nil:
		return missing(err, "customer")
	}
	s.tellSettings(ctx, topicCustomers)
	return c.JSON(http.StatusOK, r)
}

func (s *Server) deleteRelation(c echo.Context) error {
	if !s.sight(c).Edits(record.FieldRelations) {
		return locked(record.FieldRelations)
	}
	id, err := rowID(c, "relation")
	if err != nil {
		return err
	}
	if err := s.db.DeleteRelation(c.Request().Context(), id, func(from, to, kind string) record.Note {
		return s.note(c, "customer.relation", from, map[string]string{"relation": id, "other": to, "kind": kind}, nil)
	}); err != nil {
		return missing(err, "relation")
	}
	s.tellSettings(c.Request().Context(), topicCustomers)
	return c.NoContent(http.StatusNoContent)
}

// listConsents is the history of what a customer has said to being written to.
func (s *Server) listConsents(c echo.Context) error {
	id, err := rowID(c, "customer")
	if err != nil {
		return err
	}
	list, err := s.db.Consents(c.Request().Context(), id)
	if err != nil {
		return missing(err, "customer")
	}
	if !s.sight(c).Sees(record.FieldConsents) {
		list = nil
	}
	return c.JSON(http.StatusOK, listOf(list))
}

var consentChannel = regexp.MustCompile(`^[a-z0-9_-]{0,32}$`)

// putConsent writes down what a customer has said to being written to on our own account. It keeps nobody from answering a customer's question.
func (s *Server) putConsent(c echo.Context) error {
	in, err := decode[struct {
		Channel  string `json:"channel"`
		Purpose  string `json:"purpose"`
		State    string `json:"state"`
		Evidence string `json:"evidence"`
	}](c)
	if err != nil {
		return err
	}
	if !s.sight(c).Edits(record.FieldConsents) {
		return locked(record.FieldConsents)
	}
	id, err := rowID(c, "customer")
	if err != nil {
		return err
	}
	if !consentChannel.MatchString(in.Channel) {
		return invalid("channel", "There is no such channel.")
	}
	if !offered(s.hub.Settings().Record.Purposes, in.Purpose) {
		return invalid("purpose", "There is no such purpose.")
	}
	if err := choice("state", in.State, record.ConsentGiven, record.ConsentRefused); err != nil {
		return err
	}
	if err := setText("evidence", &in.Evidence, &in.Evidence, 0, 500, true); err != nil {
		return err
	}
	ctx := c.Request().Context()
	list, err := s.db.SayConsent(ctx, id, record.Consent{Channel: in.Channel, Purpose: in.Purpose, State: in.State, Evidence: in.Evidence}, s.decided(c, ""), func(root string) record.Note {
		return s.note(c, "customer.consent", root, nil, map[string]string{"channel": in.Channel, "purpose": in.Purpose, "state": in.State})
	})
	if err != nil {
		return missing(err, "customer")
	}
	s.tellSettings(ctx, topicCustomers)
	return c.JSON(http.StatusOK, listOf(list))
}

func (s *Server) postPin(c echo.Context) error   { return s.pin(c, true) }
func (s *Server) deletePin(c echo.Context) error { return s.pin(c, false) }

// pin shows a touch to everybody first, or not any more.
func (s *Server) pin(c echo.Context, on bool) error {
	if on {
		if err := nothing(c); err != nil {
			return err
		}
	}
	id, err := rowID(c, "touch")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	t, err := s.db.Touch(ctx, id)
	if err != nil {
		return missing(err, "touch")
	}
	// What somebody may not hear cannot be pinned by them, nor tells them that it is there.
	if heard, err := heard(ctx, s, principalOf(c), []record.Touch{t}, func(t *record.Touch) *record.Touch { return t }); err != nil || len(heard) == 0 {
		return missing(record.ErrNotFound, "touch")
	}
	_, err = s.db.SetPin(ctx, id, on, s.decided(c, ""), func(root string) record.Note {
		was, is := any(nil), any(map[string]string{"touch": id})
		if !on {
			was, is = is, was
		}
		return s.note(c, "customer.pin", root, was, is)
	})
	if errors.Is(err, record.ErrTaken) {
		return invalid("", "More than 50 touches of a customer cannot be pinned. Take a pin away first.")
	}
	if err != nil {
		return missing(err, "touch")
	}
	s.tellSettings(ctx, topicCustomers)
	return c.NoContent(http.StatusNoContent)
}
