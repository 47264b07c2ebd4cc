package agentui

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// Topics of settings.changed events: which rows nodes and apps should read again.
const (
	topicQueues    = "queues"
	topicUsers     = "users"
	topicAccounts  = "accounts"
	topicCanned    = "canned"
	topicFirm      = "firm"
	topicSessions  = "sessions"
	topicTokens    = "tokens"
	topicCustomers = "customers" // a name
)

// retrySoon is how long somebody should wait who came while too many others signed in.
const retrySoon = 2 * time.Second

// items is a list that is answered whole.
type items[T any] struct {
	Items []T `json:"items"`
}

// listOf never says null.
func listOf[T any](rows []T) items[T] {
	if rows == nil {
		rows = []T{}
	}
	return items[T]{rows}
}

// tellSettings tells this node, the others and the apps of a change that is in the record already. It is done even when the caller
// has gone; nodes that cannot be told read the settings again by themselves within seconds.
func (s *Server) tellSettings(ctx context.Context, topic string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.hub.SettingsChanged(ctx, topic); err != nil {
		s.log.Warn("others were not told of a change", "topic", topic, "err", err)
	}
}

// queryVersion reads the version of the row that a DELETE means.
func queryVersion(c echo.Context) (int64, error) {
	n, err := strconv.ParseInt(c.QueryParam("version"), 10, 64)
	if err != nil || n < 0 {
		return 0, invalid("version", "version is needed: of the row that is to go.")
	}
	return n, nil
}

// set puts a value that was sent into its place.
func set[T any](place *T, sent *T) {
	if sent != nil {
		*place = *sent
	}
}

// setText is set for a text that has to pass text.
func setText(field string, place, sent *string, min, max int, lines bool) error {
	if sent == nil {
		return nil
	}
	s, err := text(field, *sent, min, max, lines)
	if err == nil {
		*place = s
	}
	return err
}

// setNumber is set for a number with bounds.
func setNumber(field string, place, sent *int, low, high int) error {
	if sent == nil {
		return nil
	}
	*place = *sent
	return between(field, *sent, low, high)
}

// needVersion: a change of a row names the version that it was made of.
func needVersion(v *int64) error {
	if v == nil {
		return invalid("version", "version is needed: of the row that was changed.")
	}
	return nil
}

// missing turns "no such row" into an answer; other errors, and none, it leaves.
func missing(err error, what string) error {
	if errors.Is(err, record.ErrNotFound) {
		return notFound(what)
	}
	return err
}

// taken names the field whose value somebody else has.
func taken(err error, field, message string) error {
	if errors.Is(err, record.ErrTaken) {
		return &problem{Status: http.StatusUnprocessableEntity, Code: codeInvalid, Field: field, Message: message}
	}
	return err
}

// stale turns an edit of a row that has moved on into a conflict that carries the row as it is.
func stale[T any](err error, what string, current func() (T, error)) error {
	if !errors.Is(err, record.ErrConflict) {
		return missing(err, what)
	}
	now, readErr := current()
	if readErr != nil {
		return readErr
	}
	return conflict(now)
}
