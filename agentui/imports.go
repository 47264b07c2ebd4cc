package agentui

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

const importFor = 30 * time.Minute // for a file to arrive

// postImport takes a file: the request's body.
func (s *Server) postImport(c echo.Context) error {
	name, err := text("name", c.QueryParam("name"), 1, 200, false)
	if err != nil {
		return err
	}
	of := c.QueryParam("of")
	if err := choice("of", of, record.ImportCustomers, record.ImportTouches, record.ImportOrganisations); err != nil {
		return err
	}
	r := c.Request()
	if r.ContentLength > inbox.MaxImport {
		return tooLarge(inbox.MaxImport)
	}
	_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(importFor))
	broken := &brokenReader{r: r.Body}
	i, err := s.hub.NewImport(r.Context(), name, of, principalOf(c).User.ID, broken, func(i inbox.Import) record.Note {
		return s.note(c, "import.new", i.ID, nil, map[string]any{"name": i.Name, "of": i.Of, "size": i.Size})
	})
	var refused *inbox.Refusal
	switch {
	case broken.err != nil:
		return &problem{Status: http.StatusBadRequest, Code: codeInvalid, Message: "The upload broke off.", Cause: broken.err}
	case errors.As(err, &refused) && refused.Code == codeTooLarge:
		return tooLarge(inbox.MaxImport)
	case err != nil:
		return saidIn(c, err)
	}
	s.tellSettings(r.Context(), inbox.ImportsTopic)
	return answerImport(c, http.StatusCreated, i)
}

func (s *Server) listImports(c echo.Context) error {
	limit, err := queryInt(c, "limit", pageSize, 1, maxPage)
	if err != nil {
		return err
	}
	before, err := text("before", c.QueryParam("before"), 0, 64, false)
	if err != nil {
		return err
	}
	list, next, err := s.hub.Imports(c.Request().Context(), before, limit)
	if err != nil {
		return badPosition(err)
	}
	for at := range list {
		list[at] = list[at].Said(localeOf(c))
	}
	return c.JSON(http.StatusOK, struct {
		Items []inbox.Import `json:"items"`
		Next  string         `json:"next"`
	}{list, next})
}

func (s *Server) listImportFields(c echo.Context) error {
	of := c.QueryParam("of")
	if err := choice("of", of, record.ImportCustomers, record.ImportTouches, record.ImportOrganisations); err != nil {
		return err
	}
	sight, list := s.sight(c), []inbox.ImportField{}
	for _, f := range s.hub.ImportFields(of) {
		if editsImported(sight, of, f.ID) {
			list = append(list, f)
		}
	}
	return c.JSON(http.StatusOK, listOf(list))
}

// profileField is the field of a profile that a field of an import or an export is a part of.
func profileField(id string) string {
	switch id {
	case "country", "city", "address":
		return record.FieldPlace
	case "organisation", "role":
		return record.FieldOrganisations
	case "phone", "email", "external":
		return record.FieldAddress
	case "first_name", "last_name":
		return record.FieldName
	}
	if strings.HasPrefix(id, "identity:") {
		return record.FieldAddress
	}
	return id
}

// localeOf is the language of whoever asks.
func localeOf(c echo.Context) string { return principalOf(c).User.Locale }

// saidIn is an error of an import in the caller's language, where it is one that people can mend.
func saidIn(c echo.Context, err error) error {
	var refused *inbox.Refusal
	if !errors.As(err, &refused) {
		return err
	}
	said := *refused
	said.Message = inbox.ImportText(localeOf(c), refused.Message)
	return &said
}

func answerImport(c echo.Context, status int, i inbox.Import) error {
	return c.JSON(status, i.Said(localeOf(c)))
}

// importOf is the import in the path.
func (s *Server) importOf(c echo.Context) (i inbox.Import, err error) {
	id, err := rowID(c, "import")
	if err != nil {
		return i, err
	}
	if i, err = s.hub.Import(c.Request().Context(), id); err != nil {
		err = missing(err, "import")
	}
	return i, err
}

// rowsOf is importOf for its rows: a file may hold anything, so they are for whoever sent it, and for those from whom nothing is kept.
func (s *Server) rowsOf(c echo.Context) (inbox.Import, error) {
	i, err := s.importOf(c)
	if err == nil && i.By != principalOf(c).User.ID && s.sight(c).Limited() {
		err = forbidden("Somebody else sent this file, and it may hold fields that are kept from your role.")
	}
	return i, err
}

func (s *Server) getImport(c echo.Context) error {
	i, err := s.importOf(c)
	if err != nil {
		return err
	}
	return answerImport(c, http.StatusOK, i)
}

func (s *Server) patchImport(c echo.Context) error {
	in, err := decode[struct {
		Version *int64               `json:"version"`
		Name    *string              `json:"name"`
		Format  *sheet.Format        `json:"format"`
		Mapping *map[string]string   `json:"mapping"`
		Options *inbox.ImportOptions `json:"options"`
	}](c)
	if err != nil {
		return err
	}
	was, err := s.importOf(c)
	if err != nil {
		return err
	}
	if err := needVersion(in.Version); err != nil {
		return err
	}
	if in.Name != nil {
		if err := setText("name", in.Name, in.Name, 1, 200, false); err != nil {
			return err
		}
	}
	if in.Mapping != nil {
		if err := s.mayImport(c, was.Of, *in.Mapping); err != nil {
			return err
		}
	}
	ctx := c.Request().Context()
	i, err := s.hub.EditImport(ctx, was.ID, inbox.ImportEdit{Version: *in.Version, Name: in.Name, Format: in.Format, Mapping: in.Mapping, Options: in.Options})
	if err != nil {
		return saidIn(c, stale(err, "import", func() (inbox.Import, error) { return s.hub.Import(ctx, was.ID) }))
	}
	return answerImport(c, http.StatusOK, i)
}

// mayImport refuses to write fields that the caller's role may not change.
func (s *Server) mayImport(c echo.Context, of string, mapping map[string]string) error {
	sight := s.sight(c)
	for _, f := range mapping {
		if !editsImported(sight, of, f) {
			return locked(f)
		}
	}
	return nil
}

// editsImported tells whether somebody may write a field of a file. Names of organisations are never kept.
func editsImported(s record.Sight, of, field string) bool {
	return of == record.ImportTouches || of == record.ImportOrganisations && field == "name" || s.Edits(profileField(field))
}

func (s *Server) previewImport(c echo.Context) error {
	rows, err := queryInt(c, "rows", 20, 1, 200)
	if err != nil {
		return err
	}
	i, err := s.rowsOf(c)
	if err != nil {
		return err
	}
	list, err := s.hub.PreviewImport(c.Request().Context(), i.ID, localeOf(c), rows)
	if err != nil {
		return saidIn(c, missing(err, "import"))
	}
	return c.JSON(http.StatusOK, listOf(list))
}

// moveImport asks for "check", "run", "undo" or "cancel".
func (s *Server) moveImport(what string) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := nothing(c); err != nil {
			return err
		}
		was, err := s.importOf(c)
		if err != nil {
			return err
		}
		if what == "run" {
			if err := s.mayImport(c, was.Of, was.Mapping); err != nil {
				return err
			}
		}
		ctx := c.Request().Context()
		i, err := s.hub.MoveImport(ctx, was.ID, what, func(before, after string) record.Note {
			return s.note(c, "import."+what, was.ID, map[string]any{"state": before, "name": was.Name}, map[string]any{"state": after, "name": was.Name})
		})
		if err != nil {
			return saidIn(c, missing(err, "import"))
		}
		s.tellSettings(ctx, inbox.ImportsTopic)
		return answerImport(c, http.StatusAccepted, i)
	}
}

// importErrors lists the rows that were not taken.
func (s *Server) importErrors(c echo.Context) error {
	limit, err := queryInt(c, "limit", pageSize, 1, maxPage)
	if err != nil {
		return err
	}
	after, err := queryInt(c, "after", 0, 0, 1<<31-1)
	if err != nil {
		return err
	}
	i, err := s.rowsOf(c)
	if err != nil {
		return err
	}
	list, err := s.hub.ImportErrors(c.Request().Context(), i.ID, localeOf(c), after, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Items []record.ImportError `json:"items"`
		Total int64                `json:"total"`
	}{list, i.Bad})
}

// importErrorFile is the same as a file like the import's, to be corrected and sent again.
func (s *Server) importErrorFile(c echo.Context) error {
	i, err := s.rowsOf(c)
	if err != nil {
		return err
	}
	media, ending := "text/csv; charset="+i.Format.Encoding, ".csv"
	if i.Format.Kind == sheet.JSONL {
		media, ending = "application/jsonl", ".jsonl"
	}
	download(c, media, "errors"+ending)
	return s.cutOff(c, s.hub.WriteImportErrors(c.Request().Context(), i.ID, localeOf(c), c.Response()))
}

// download begins an answer that is saved as a file.
func download(c echo.Context, media, name string) {
	h := c.Response().Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+strings.ReplaceAll(name, `"`, "")+`"`)
	_ = http.NewResponseController(c.Response()).SetWriteDeadline(time.Time{})
	c.Response().WriteHeader(http.StatusOK)
}

func (s *Server) deleteImport(c echo.Context) error {
	version, err := queryVersion(c)
	if err != nil {
		return err
	}
	was, err := s.importOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	err = s.hub.DeleteImport(ctx, was.ID, version, s.note(c, "import.delete", was.ID, map[string]any{"name": was.Name, "state": was.State}, nil))
	if err != nil {
		return stale(err, "import", func() (inbox.Import, error) { return s.hub.Import(ctx, was.ID) })
	}
	s.tellSettings(ctx, inbox.ImportsTopic)
	return c.NoContent(http.StatusNoContent)
}

func jsonText(v json.RawMessage) (s string) {
	if json.Unmarshal(v, &s) != nil {
		return string(v)
	}
	return s
}
