package agentui

import (
	"context"
	"net/http"
	"regexp"
	"time"
	_ "time/tzdata" // time zones on machines that have none

	"github.com/labstack/echo/v4"

	"tamas/channels"
	"tamas/inbox"
	"tamas/inbox/record"
)

// Firm is the business identity: what customers see, and the language and time zone that are not anybody's own.
type Firm struct {
	Name     string `json:"name"`
	Locale   string `json:"locale"`   // "en", "fa"
	Timezone string `json:"timezone"` // IANA name; where a day begins
	Color    string `json:"color"`    // "#rrggbb", or "" for the app's own
	About    string `json:"about"`
	Country  string `json:"country"` // two letters: of phone numbers that are written without one; "": see inbox.Settings.Region
	Version  int64  `json:"version"` // 0: never saved
}

// firm reads the firm, or what stands for it until somebody saves one.
func (s *Server) firm(ctx context.Context) (Firm, error) {
	f := Firm{Locale: "en", Timezone: "UTC"}
	version, err := s.db.Setting(ctx, inbox.FirmSetting, &f)
	f.Version = version
	return f, err
}

// saveFirm stores the firm over the version that it carries.
func (s *Server) saveFirm(ctx context.Context, f Firm, notes ...record.Note) (Firm, error) {
	version := f.Version
	f.Version = 0 // the row's column has it
	now, err := s.db.SetSetting(ctx, inbox.FirmSetting, version, f, notes...)
	f.Version = now
	return f, err
}

func (s *Server) firmLocale(ctx context.Context) string {
	if f, err := s.firm(ctx); err == nil {
		return f.Locale
	}
	return "en"
}

func (s *Server) getFirm(c echo.Context) error {
	f, err := s.firm(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, f)
}

var hexColor = regexp.MustCompile(`^(#[0-9a-fA-F]{6})?$`)

func (s *Server) patchFirm(c echo.Context) error {
	in, err := decode[struct {
		Name     *string `json:"name"`
		Locale   *string `json:"locale"`
		Timezone *string `json:"timezone"`
		Color    *string `json:"color"`
		About    *string `json:"about"`
		Country  *string `json:"country"`
		Version  *int64  `json:"version"`
	}](c)
	if err != nil {
		return err
	}
	if err := needVersion(in.Version); err != nil {
		return err
	}
	ctx := c.Request().Context()
	f, err := s.firm(ctx)
	if err != nil {
		return err
	}
	before := f
	if err := setText("name", &f.Name, in.Name, 1, 120, false); err != nil {
		return err
	}
	if in.Locale != nil {
		if err := choice("locale", *in.Locale, "en", "fa"); err != nil {
			return err
		}
		f.Locale = *in.Locale
	}
	if in.Timezone != nil {
		if err := checkTimezone(*in.Timezone); err != nil {
			return err
		}
		f.Timezone = *in.Timezone
	}
	if in.Color != nil {
		if !hexColor.MatchString(*in.Color) {
			return invalid("color", "A colour is written #rrggbb.")
		}
		f.Color = *in.Color
	}
	if err := setText("about", &f.About, in.About, 0, 2000, true); err != nil {
		return err
	}
	if in.Country != nil {
		if *in.Country != "" && !channels.Region(*in.Country) {
			return invalid("country", "A country is written with two capitals, as in IR.")
		}
		f.Country = *in.Country
	}
	f.Version = *in.Version
	if f, err = s.saveFirm(ctx, f, s.note(c, "firm.change", "firm", before, f)); err != nil {
		return stale(err, "firm", func() (Firm, error) { return s.firm(ctx) })
	}
	s.tellSettings(ctx, topicFirm)
	return c.JSON(http.StatusOK, f)
}

func checkTimezone(name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "" || name == "Local" {
		return invalid("timezone", "There is no such time zone; write it as in Asia/Tehran.")
	}
	return nil
}

// dayStart is when the firm's present day began.
func (f Firm) dayStart(now time.Time) time.Time {
	zone, err := time.LoadLocation(f.Timezone)
	if err != nil {
		zone = time.UTC
	}
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}
