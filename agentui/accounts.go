package agentui

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// accountView is an account with how it is doing. Its secrets never leave the hub.
type accountView struct {
	record.Account
	Health     healthView `json:"health"`
	WebhookURL string     `json:"webhook_url"`
}

type healthView struct {
	State   string        `json:"state"`
	Detail  string        `json:"detail"`
	HeardAt record.Millis `json:"heard_at"`
	Backlog int           `json:"backlog"` // messages that wait to be sent
}

func (s *Server) viewAccount(c echo.Context, a record.Account) accountView {
	h := s.hub.Health(a.ID)
	backlog, _ := s.db.Backlog(c.Request().Context(), a.ID) // only shown; not worth a refusal
	v := accountView{a, healthView{h.State, h.Detail, h.HeardAt, backlog}, s.origin(c) + "/hooks/" + a.ID + "/"}
	if !a.Enabled {
		v.Health = healthView{State: "off", HeardAt: h.HeardAt, Backlog: backlog}
	}
	if len(v.Settings) == 0 || !principalOf(c).atLeast(record.RoleAdmin) {
		v.Settings, v.SecretsSet = json.RawMessage("{}"), nil
	}
	if !principalOf(c).atLeast(record.RoleAdmin) {
		v.Health.Detail = ""
	}
	return v
}

// origin is the hub's own address: as configured, else as the browser used it.
func (s *Server) origin(c echo.Context) string {
	if s.public != "" {
		return s.public
	}
	scheme := "http"
	if s.overTLS(c.Request()) {
		scheme = "https"
	}
	return scheme + "://" + c.Request().Host
}

// accountChange is what may be set of an account; what is left out stays. Settings is the whole object, but secrets in it
// that are left out or empty stay as they are.
type accountChange struct {
	Kind          *string         `json:"kind"`
	Name          *string         `json:"name"`
	Queue         *string         `json:"queue"`
	ReopenHours   *int            `json:"reopen_hours"`
	Units         *int            `json:"units"`
	Enabled       *bool           `json:"enabled"`
	Settings      json.RawMessage `json:"settings"`
	ImportSince   *record.Millis  `json:"import_since"` // of a new account only
	SilentMins    *int            `json:"silent_minutes"`
	MaxFileMB     *int            `json:"max_file_mb"`
	ContinueOn    *string         `json:"continue_on"`
	ContinueAfter *int            `json:"continue_after"`
	Version       *int64          `json:"version"`
}

func (in *accountChange) apply(a *record.Account) error {
	if err := setText("name", &a.Name, in.Name, 1, 120, false); err != nil {
		return err
	}
	set(&a.Queue, in.Queue)
	set(&a.Enabled, in.Enabled)
	if in.Settings != nil {
		if err := isObject(in.Settings); err != nil {
			return err
		}
		a.Settings = in.Settings
	}
	if err := setNumber("reopen_hours", &a.ReopenHours, in.ReopenHours, 0, 365*24); err != nil {
		return err
	}
	if err := setNumber("silent_minutes", &a.SilentMins, in.SilentMins, 0, 60*24*31); err != nil {
		return err
	}
	if err := setNumber("max_file_mb", &a.MaxFileMB, in.MaxFileMB, 0, 2048); err != nil {
		return err
	}
	set(&a.ContinueOn, in.ContinueOn)
	if err := setNumber("continue_after", &a.ContinueAfter, in.ContinueAfter, 0, 24*60); err != nil {
		return err
	}
	return setNumber("units", &a.Units, in.Units, record.AllUnits, 100) // AllUnits: it takes all of its agent
}

func isObject(raw json.RawMessage) error {
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		return invalid("settings", "settings must be an object.")
	}
	return nil
}

func (s *Server) listAccounts(c echo.Context) error {
	rows, err := s.db.Accounts(c.Request().Context())
	if err != nil {
		return err
	}
	out := []accountView{}
	for _, a := range rows {
		if !a.Archived {
			out = append(out, s.viewAccount(c, a))
		}
	}
	return c.JSON(http.StatusOK, listOf(out))
}

func (s *Server) getAccount(c echo.Context) error {
	a, err := s.account(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, s.viewAccount(c, a))
}

func (s *Server) postAccount(c echo.Context) error {
	in, err := decode[accountChange](c)
	if err != nil {
		return err
	}
	if in.Version != nil {
		return invalid("version", "A new account has no version yet.")
	}
	if in.Kind == nil || !slices.Contains(s.kindNames(), *in.Kind) {
		return invalid("kind", "There is no such channel.")
	}
	if in.Name == nil {
		in.Name = new(string)
	}
	a := record.Account{Kind: *in.Kind, ReopenHours: 72, Enabled: true, Settings: json.RawMessage("{}")}
	if err := in.apply(&a); err != nil {
		return err
	}
	if in.ImportSince != nil {
		if *in.ImportSince < 0 || *in.ImportSince > s.hub.Now() {
			return invalid("import_since", "What is to come cannot be imported.")
		}
		a.ImportSince = *in.ImportSince
	}
	a, err = s.hub.SaveAccount(c.Request().Context(), a, func(stored record.Account) record.Note {
		return s.note(c, "account.create", stored.ID, nil, stored)
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, s.viewAccount(c, a))
}

func (s *Server) patchAccount(c echo.Context) error {
	in, err := decode[accountChange](c)
	if err != nil {
		return err
	}
	if err := needVersion(in.Version); err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.Param("id")
	a, err := s.account(ctx, id)
	if err != nil {
		return err
	}
	if in.Kind != nil && *in.Kind != a.Kind {
		return invalid("kind", "An account stays on its channel. Make a new one.")
	}
	if in.ImportSince != nil && *in.ImportSince != a.ImportSince {
		return invalid("import_since", "Only a new account imports what came before.")
	}
	before := a
	if err := in.apply(&a); err != nil {
		return err
	}
	a.Version = *in.Version
	a, err = s.hub.SaveAccount(ctx, a, func(stored record.Account) record.Note {
		return s.note(c, "account.change", id, before, auditedAccount(stored, in.Settings))
	})
	if err != nil {
		return stale(err, "account", s.current(c, id))
	}
	return c.JSON(http.StatusOK, s.viewAccount(c, a))
}

// deleteAccount archives: its conversations stay on record, and nothing more comes or goes.
func (s *Server) deleteAccount(c echo.Context) error {
	version, err := queryVersion(c)
	if err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.Param("id")
	a, err := s.account(ctx, id)
	if err != nil {
		return err
	}
	note := s.note(c, "account.archive", id, a, nil)
	a.Archived, a.Enabled, a.Version = true, false, version
	if _, err := s.db.EditAccount(ctx, a, note); err != nil {
		return stale(err, "account", s.current(c, id))
	}
	s.tellSettings(ctx, topicAccounts)
	return c.NoContent(http.StatusNoContent)
}

// outcome is what a provider said to a try.
type outcome struct {
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// checkAccount tries settings that need not be saved yet.
func (s *Server) checkAccount(c echo.Context) error {
	in, err := decode[struct {
		ID       string          `json:"id"`
		Kind     string          `json:"kind"`
		Settings json.RawMessage `json:"settings"`
	}](c)
	if err != nil {
		return err
	}
	if err := isObject(in.Settings); err != nil {
		return err
	}
	if !slices.Contains(s.kindNames(), in.Kind) {
		return invalid("kind", "There is no such channel.")
	}
	ctx := c.Request().Context()
	if in.ID != "" {
		a, err := s.account(ctx, in.ID)
		if err != nil {
			return err
		}
		if a.Kind != in.Kind {
			return invalid("kind", "The account is of another channel.")
		}
	}
	return s.answerOutcome(c, s.hub.CheckAccount(ctx, record.Account{ID: in.ID, Kind: in.Kind, Settings: in.Settings}))
}

func (s *Server) testAccount(c echo.Context) error {
	in, err := decode[struct {
		Address string `json:"address"`
	}](c)
	if err != nil {
		return err
	}
	if in.Address, err = text("address", in.Address, 1, 256, false); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if _, err := s.account(ctx, c.Param("id")); err != nil {
		return err
	}
	return s.answerOutcome(c, s.hub.SendTest(ctx, c.Param("id"), in.Address))
}

// answerOutcome: what the provider refuses is an answer, what the hub refuses is an error.
func (s *Server) answerOutcome(c echo.Context, err error) error {
	if err == nil {
		return c.JSON(http.StatusOK, outcome{OK: true})
	}
	if hubProblem(err) != nil || errors.Is(err, record.ErrNotFound) || c.Request().Context().Err() != nil {
		return err
	}
	s.log.Info("an account's provider refused a try", "request_id", requestID(c), "err", err)
	return c.JSON(http.StatusOK, outcome{Detail: cut(err.Error(), 500)})
}

// account reads an account that is in use.
func (s *Server) account(ctx context.Context, id string) (record.Account, error) {
	a, err := s.db.Account(ctx, id)
	if err == nil && a.Archived {
		err = record.ErrNotFound
	}
	return a, missing(err, "account")
}

func (s *Server) current(c echo.Context, id string) func() (accountView, error) {
	return func() (accountView, error) {
		a, err := s.account(c.Request().Context(), id)
		return s.viewAccount(c, a), err
	}
}

func (s *Server) kindNames() []string {
	var names []string
	for _, k := range s.kinds {
		names = append(names, k.Name)
	}
	return names
}

// auditedAccount is a changed account for the audit; secrets that were sent are named, not shown.
func auditedAccount(a record.Account, sent json.RawMessage) any {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(sent, &fields) // checked before; none is none
	given := []string{}
	for _, name := range a.SecretsSet {
		if v := string(fields[name]); v != "" && v != `""` && v != "null" {
			given = append(given, name)
		}
	}
	if len(given) == 0 {
		return a
	}
	return struct {
		record.Account
		Given []string `json:"new_secrets"`
	}{a, given}
}
