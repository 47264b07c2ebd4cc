package agentui

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// Codes of errors. The app translates by code, so they never change their meaning.
const (
	codeSignedOut   = "signed_out"    // 401
	codeForbidden   = "forbidden"     // 403
	codeCSRF        = "csrf"          // 403
	codeNotYours    = "not_yours"     // 403
	codeNotFound    = "not_found"     // 404
	codeNotAllowed  = "not_allowed"   // 405
	codeConflict    = "conflict"      // 409
	codeCapacity    = "over_capacity" // 409
	codeExpired     = "expired"       // 410
	codeTooLarge    = "too_large"     // 413
	codeUnsupported = "unsupported"   // 415
	codeInvalid     = "invalid"       // 422; 400 when a body or a handshake breaks off
	codeSlowDown    = "slow_down"     // 429
	codeInternal    = "internal"      // 500
	codeNotRecorded = "not_recorded"  // 503: nothing was accepted, try again
)

// problem is an error as a caller of the API may see it. Its cause is logged and never shown.
type problem struct {
	Status  int
	Code    string
	Message string // a sentence for people
	Field   string // the input at fault; "" when none is
	Current any    // conflict: the row or header as it stands now
	Retry   time.Duration
	Cause   error
}

func (p *problem) Error() string {
	if p.Cause != nil {
		return fmt.Sprintf("%s: %s: %v", p.Code, p.Message, p.Cause)
	}
	return p.Code + ": " + p.Message
}

func (p *problem) Unwrap() error { return p.Cause }

// problemBody is a problem on the wire.
type problemBody struct {
	Error problemView `json:"error"`
}

type problemView struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Field     string `json:"field,omitempty"`
	RequestID string `json:"request_id"`
	Current   any    `json:"current,omitempty"`
}

func invalid(field, message string) *problem {
	return &problem{Status: http.StatusUnprocessableEntity, Code: codeInvalid, Field: field, Message: message}
}

func notFound(what string) *problem {
	return &problem{Status: http.StatusNotFound, Code: codeNotFound, Message: "There is no such " + what + "."}
}

func forbidden(message string) *problem {
	return &problem{Status: http.StatusForbidden, Code: codeForbidden, Message: message}
}

func conflict(current any) *problem {
	return &problem{Status: http.StatusConflict, Code: codeConflict, Message: "Somebody else changed this meanwhile.", Current: current}
}

func signedOut() *problem {
	return &problem{Status: http.StatusUnauthorized, Code: codeSignedOut, Message: "Please sign in."}
}

func slowDown(retry time.Duration) *problem {
	return &problem{Status: http.StatusTooManyRequests, Code: codeSlowDown, Message: "Too many attempts. Please wait a moment.", Retry: retry}
}

// asProblem gives every error its status and code. What it does not know is internal and says nothing.
func asProblem(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	if p := hubProblem(err); p != nil {
		return p
	}
	var he *echo.HTTPError
	var mb *http.MaxBytesError
	switch {
	case errors.As(err, &mb):
		return tooLarge(mb.Limit)
	case errors.As(err, &he):
		switch he.Code {
		case http.StatusNotFound:
			return &problem{Status: he.Code, Code: codeNotFound, Message: "There is nothing at this address."}
		case http.StatusMethodNotAllowed:
			return &problem{Status: he.Code, Code: codeNotAllowed, Message: "This address does not take that method."}
		}
	case errors.Is(err, context.Canceled):
		// The caller has gone; the status is for the log (nginx's convention).
		return &problem{Status: 499, Code: codeInternal, Message: "The request was given up.", Cause: err}
	}
	return &problem{Status: http.StatusInternalServerError, Code: codeInternal, Message: "Something went wrong on our side.", Cause: err}
}

func tooLarge(limit int64) *problem {
	return &problem{Status: http.StatusRequestEntityTooLarge, Code: codeTooLarge,
		Message: "The request is larger than " + strconv.FormatInt(limit>>10, 10) + " KiB."}
}

// answerError is echo's error handler: it writes the one shape. Logging is the request log's work.
func answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := asProblem(err)
	if p.Retry > 0 {
		secs := int64((p.Retry + time.Second - 1) / time.Second)
		c.Response().Header().Set("Retry-After", strconv.FormatInt(secs, 10))
	}
	if p.Status == http.StatusServiceUnavailable && p.Retry == 0 {
		c.Response().Header().Set("Retry-After", "1")
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	body := problemBody{problemView{Code: p.Code, Message: p.Message, Field: p.Field, RequestID: requestID(c), Current: p.Current}}
	if c.Request().Method == http.MethodHead {
		_ = c.NoContent(p.Status)
		return
	}
	_ = c.JSON(p.Status, body)
}
