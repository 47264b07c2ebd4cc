package agentui

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

const (
	maxBody  = 1 << 20          // bytes of a request's body
	maxDepth = 16               // of nested objects and arrays
	bodyFor  = 30 * time.Second // for a body to arrive
)

// decode reads a request's JSON body into T: one object, no unknown fields, bounded in size and depth.
// Its errors name the field at fault.
func decode[T any](c echo.Context) (T, error) {
	var v T
	body, err := readJSON(c, maxBody)
	if err != nil {
		return v, err
	}
	return v, decodeJSON(body, &v)
}

// readJSON reads a body that says it is JSON, of at most so many bytes.
func readJSON(c echo.Context, most int64) ([]byte, error) {
	r := c.Request()
	if mt, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mt != "application/json" {
		return nil, &problem{Status: http.StatusUnsupportedMediaType, Code: codeUnsupported, Message: "Send JSON, with Content-Type: application/json."}
	}
	// A body that trickles in holds a connection; what the handler then takes is its own affair.
	deadline := http.NewResponseController(c.Response())
	_ = deadline.SetReadDeadline(time.Now().Add(bodyFor))
	defer deadline.SetReadDeadline(time.Time{})
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, most))
	if err != nil {
		var mb *http.MaxBytesError
		if errors.As(err, &mb) {
			return nil, tooLarge(mb.Limit)
		}
		return nil, &problem{Status: http.StatusBadRequest, Code: codeInvalid, Message: "The request's body broke off.", Cause: err}
	}
	return body, nil
}

// decodeJSON is decode without HTTP; live frames use it too.
func decodeJSON(body []byte, into any) error {
	if !utf8.Valid(body) {
		return invalid("", "The JSON is not valid UTF-8.")
	}
	if err := checkDepth(body); err != nil {
		return err
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return jsonProblem(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return invalid("", "There is something after the JSON object.")
	}
	return nil
}

// jsonProblem turns encoding/json's errors into ones that name the field.
func jsonProblem(err error) *problem {
	var te *json.UnmarshalTypeError
	var se *json.SyntaxError
	switch {
	case errors.As(err, &te) && (te.Type == reflect.TypeFor[record.Amount]() || te.Type == reflect.TypeFor[record.Moment]()):
		return invalid(te.Field, te.Field+": "+te.Value+".")
	case errors.As(err, &te):
		field := te.Field
		if field == "" {
			return invalid("", "A JSON object is expected.")
		}
		return invalid(field, fmt.Sprintf("%s cannot be a %s.", field, te.Value))
	case errors.As(err, &se):
		return invalid("", fmt.Sprintf("The JSON is broken at byte %d.", se.Offset))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return invalid("", "The JSON breaks off.")
	}
	// encoding/json has no type for this one.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if s, err := strconv.Unquote(name); err == nil {
			name = s
		}
		name = cut(name, 64)
		return invalid(name, "There is no field "+strconv.Quote(name)+" here.")
	}
	p := invalid("", "The JSON cannot be read.")
	p.Cause = err
	return p
}

// checkDepth refuses deeply nested input before anything recursive sees it.
func checkDepth(b []byte) error {
	depth, inString := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString:
			switch c {
			case '\\':
				i++
			case '"':
				inString = false
			}
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return invalid("", fmt.Sprintf("The JSON is nested deeper than %d.", maxDepth))
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// cut shortens s to at most n bytes without breaking a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// text checks a line or a text from outside: required when min > 0, at most max characters, no control
// characters other than new lines and tabs in texts of several lines.
func text(field, s string, min, max int, lines bool) (string, error) {
	s = strings.TrimSpace(s)
	n := 0
	for _, r := range s {
		n++
		if r == 0 || (r < 0x20 && !(lines && (r == '\n' || r == '\t' || r == '\r'))) || r == 0x7f {
			return "", invalid(field, field+" holds a control character.")
		}
	}
	switch {
	case n < min && n == 0:
		return "", invalid(field, field+" is needed.")
	case n < min:
		return "", invalid(field, fmt.Sprintf("%s needs at least %d characters.", field, min))
	case n > max:
		return "", invalid(field, fmt.Sprintf("%s is longer than %d characters.", field, max))
	}
	return s, nil
}

// choice checks a value of a closed list.
func choice(field, s string, of ...string) error {
	for _, o := range of {
		if s == o {
			return nil
		}
	}
	return invalid(field, field+" must be one of "+strings.Join(of, ", ")+".")
}

// between checks a number.
func between(field string, n, low, high int) error {
	if n < low || n > high {
		return invalid(field, fmt.Sprintf("%s must be between %d and %d.", field, low, high))
	}
	return nil
}

// queryInt reads an optional number from the query string.
func queryInt(c echo.Context, name string, def, low, high int) (int, error) {
	s := c.QueryParam(name)
	if s == "" {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, invalid(name, name+" must be a number.")
	}
	return n, between(name, n, low, high)
}
