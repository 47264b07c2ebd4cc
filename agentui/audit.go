package agentui

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// note is the audit's entry of a change, to be written with it: of rows that were and are, the fields that differ; nil is no row.
func (s *Server) note(c echo.Context, action, subject string, before, after any) record.Note {
	entry := record.Changed{At: s.hub.Now(), By: principalOf(c).User.ID, Action: action, Subject: subject}
	return func() (*record.Changed, error) {
		was, is, err := differing(before, after)
		if err != nil || was == nil && is == nil {
			return nil, err
		}
		if was != nil {
			entry.Before, err = json.Marshal(was)
		}
		if is != nil && err == nil {
			entry.After, err = json.Marshal(is)
		}
		return &entry, err
	}
}

// differing reads two rows as objects and leaves out what is alike in both, and their versions. Both nil: nothing differs.
func differing(before, after any) (was, is map[string]json.RawMessage, err error) {
	fields := func(v any) (m map[string]json.RawMessage, err error) {
		if v == nil {
			return nil, nil
		}
		b, err := json.Marshal(v)
		if err == nil {
			err = json.Unmarshal(b, &m)
		}
		delete(m, "version")
		return m, err
	}
	if was, err = fields(before); err != nil {
		return nil, nil, err
	}
	if is, err = fields(after); err != nil || was == nil || is == nil {
		return was, is, err
	}
	for k, v := range was {
		if bytes.Equal(v, is[k]) {
			delete(was, k)
			delete(is, k)
		}
	}
	if len(was)+len(is) == 0 {
		return nil, nil, nil
	}
	return was, is, nil
}

// auditAnswer is a page of the audit, newest first.
type auditAnswer struct {
	Items []record.Changed `json:"items"`
	More  bool             `json:"more"` // ask again with before = the last one's at
}

func (s *Server) listAudit(c echo.Context) error {
	limit, err := queryInt(c, "limit", pageSize, 1, maxPage)
	if err != nil {
		return err
	}
	f := record.AuditFilter{By: c.QueryParam("by"), Action: c.QueryParam("action"), Subject: c.QueryParam("subject"), Limit: limit}
	for _, v := range []string{f.By, f.Action, f.Subject} {
		if _, err := text("subject", v, 0, 128, false); err != nil {
			return err
		}
	}
	if before := c.QueryParam("before"); before != "" {
		n, err := strconv.ParseInt(before, 10, 64)
		if err != nil || n < 1 {
			return invalid("before", "before must be a time in milliseconds.")
		}
		f.Before = record.Millis(n)
	}
	list, more, err := s.db.Changes(c.Request().Context(), f)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, auditAnswer{listOf(list).Items, more})
}
