package agentui

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

const topicOrganisations = "organisations"

// organisationIn is what is sent of an organisation; what is missing stays.
type organisationIn struct {
	Name       *string       `json:"name"`
	Place      *record.Place `json:"place"`
	Tags       *[]string     `json:"tags"`
	Owner      *string       `json:"owner"`
	Attributes record.Values `json:"attributes"`
	Version    *int64        `json:"version"`
}

func (in *organisationIn) edit(s *Server, sight record.Sight) (e record.OrganisationEdit, err error) {
	for field, sent := range map[string]bool{record.FieldTags: in.Tags != nil, record.FieldPlace: in.Place != nil, record.FieldOwner: in.Owner != nil} {
		if sent && !sight.Edits(field) {
			return e, locked(field)
		}
	}
	if err := setText("name", in.Name, in.Name, 1, 200, false); err != nil {
		return e, err
	}
	if in.Place != nil {
		if err := checkPlace(in.Place); err != nil {
			return e, err
		}
	}
	if in.Tags != nil {
		if err := checkWords("tags", in.Tags, 100); err != nil {
			return e, err
		}
	}
	if err := checkOwner(s, in.Owner); err != nil {
		return e, err
	}
	values, err := checkAttributes(s.hub.Settings().Attributes, record.OfOrganisation, in.Attributes, sight)
	return record.OrganisationEdit{Name: in.Name, Place: in.Place, Tags: in.Tags, Owner: in.Owner, Attributes: values}, err
}

// organisationAnswer is a page with what is kept from the caller.
type organisationAnswer struct {
	record.OrganisationPage
	Limits record.Limits `json:"limits"`
}

func (s *Server) listOrganisations(c echo.Context) error {
	q, err := queryText(c)
	if err != nil {
		return err
	}
	limit, err := queryInt(c, "limit", pageSize, 1, maxPage)
	if err != nil {
		return err
	}
	after, err := text("before", c.QueryParam("before"), 0, 64, false)
	if err != nil {
		return err
	}
	list, next, err := s.db.Organisations(c.Request().Context(), q, after, limit)
	if err != nil {
		return badPosition(err)
	}
	return c.JSON(http.StatusOK, struct {
		Items []record.Organisation `json:"items"`
		Next  string                `json:"next"`
	}{listOf(list).Items, next})
}

// auditedOrganisation is what the audit keeps of an organisation: what it is called and what is said of it, which is nothing personal but for
// attributes of one's own, of which it keeps the names.
func auditedOrganisation(o record.Organisation) map[string]any {
	m := map[string]any{"name": o.Name, "owner": o.Owner, "tags": o.Tags}
	return m
}

func (s *Server) postOrganisation(c echo.Context) error {
	in, err := decode[organisationIn](c)
	if err != nil {
		return err
	}
	if in.Name == nil {
		return invalid("name", "name is needed.")
	}
	if in.Version != nil {
		return invalid("version", "A new one has no version.")
	}
	sight := s.sight(c)
	e, err := in.edit(s, sight)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	o, err := s.db.AddOrganisation(ctx, e, s.decided(c, ""), func(o record.Organisation) record.Note {
		return s.note(c, "organisation.add", o.ID, nil, auditedOrganisation(o))
	})
	if err != nil {
		return err
	}
	s.tellSettings(ctx, topicOrganisations)
	return c.JSON(http.StatusOK, o)
}

func (s *Server) getOrganisation(c echo.Context) error {
	id, err := rowID(c, "organisation")
	if err != nil {
		return err
	}
	page, err := s.db.Organisation(c.Request().Context(), id)
	if err != nil {
		return missing(err, "organisation")
	}
	return c.JSON(http.StatusOK, organisationAnswer{page, s.sight(c).Limits()})
}

func (s *Server) patchOrganisation(c echo.Context) error {
	in, err := decode[organisationIn](c)
	if err != nil {
		return err
	}
	if err := needVersion(in.Version); err != nil {
		return err
	}
	sight := s.sight(c)
	e, err := in.edit(s, sight)
	if err != nil {
		return err
	}
	id, err := rowID(c, "organisation")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	_, o, err := s.db.EditOrganisation(ctx, id, *in.Version, e, s.decided(c, ""), func(before, after record.Organisation) record.Note {
		return s.note(c, "organisation.change", id, auditedOrganisation(before), auditedOrganisation(after))
	})
	if err != nil {
		return stale(err, "organisation", func() (record.Organisation, error) {
			page, err := s.db.Organisation(ctx, id)
			return page.Organisation, err
		})
	}
	s.tellSettings(ctx, topicOrganisations)
	return c.JSON(http.StatusOK, o)
}

func (s *Server) deleteOrganisation(c echo.Context) error {
	version, err := queryVersion(c)
	if err != nil {
		return err
	}
	id, err := rowID(c, "organisation")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	page, err := s.db.Organisation(ctx, id)
	if err != nil {
		return missing(err, "organisation")
	}
	if err := s.db.DeleteOrganisation(ctx, id, version, s.note(c, "organisation.delete", id, auditedOrganisation(page.Organisation), nil)); err != nil {
		return stale(err, "organisation", func() (record.Organisation, error) { return page.Organisation, nil })
	}
	s.tellSettings(ctx, topicOrganisations)
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) putMember(c echo.Context) error {
	in, err := decode[struct {
		Role  string        `json:"role"`
		Since record.Millis `json:"since"`
		Until record.Millis `json:"until"`
	}](c)
	if err != nil {
		return err
	}
	if err := setText("role", &in.Role, &in.Role, 0, 120, false); err != nil {
		return err
	}
	for field, at := range map[string]record.Millis{"since": in.Since, "until": in.Until} {
		if at < -1e13 || at > 1e13 {
			return invalid(field, field+" must be a time in milliseconds.")
		}
	}
	if in.Until != 0 && in.Until < in.Since {
		return invalid("until", "It ends before it begins.")
	}
	return s.member(c, func(o, customer string) error {
		return s.db.SetMember(c.Request().Context(), o, customer, record.Member{Role: in.Role, Since: in.Since, Until: in.Until}, func(root string) record.Note {
			return s.note(c, "customer.member", root, nil, map[string]string{"organisation": o})
		})
	})
}

func (s *Server) deleteMember(c echo.Context) error {
	return s.member(c, func(o, customer string) error {
		return s.db.RemoveMember(c.Request().Context(), o, customer, func(root string) record.Note {
			return s.note(c, "customer.member", root, map[string]string{"organisation": o}, nil)
		})
	})
}

// member changes a membership.
func (s *Server) member(c echo.Context, change func(organisation, customer string) error) error {
	if !s.sight(c).Edits(record.FieldOrganisations) {
		return locked(record.FieldOrganisations)
	}
	id, err := rowID(c, "organisation")
	if err != nil {
		return err
	}
	customer, err := text("customer", c.Param("customer"), 1, 256, false)
	if err != nil {
		return notFound("customer")
	}
	if err := change(id, customer); err != nil {
		return missing(err, "member")
	}
	s.tellSettings(c.Request().Context(), topicOrganisations)
	s.tellSettings(c.Request().Context(), topicCustomers)
	return c.NoContent(http.StatusNoContent)
}

// getMap draws who is related to whom, around a customer or an organisation.
func (s *Server) getMap(c echo.Context) error {
	what := "customer"
	if strings.HasPrefix(c.Path(), "/api/v1/organisations") {
		what = "organisation"
	}
	id, err := rowID(c, what)
	if err != nil {
		return err
	}
	m, err := s.db.RelationMap(c.Request().Context(), id)
	if err != nil {
		return missing(err, what)
	}
	return c.JSON(http.StatusOK, m)
}
