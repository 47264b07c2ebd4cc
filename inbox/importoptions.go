package inbox

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"tamas/channels"
	"tamas/inbox/record"
	"tamas/inbox/sheet"
)

// ImportOptions are how a file is read and what becomes of what is known.
type ImportOptions struct {
	Zone     string `json:"zone"`     // of times without one
	Region   string `json:"region"`   // of telephone numbers without a country code
	Dates    string `json:"dates"`    // one of sheet.DateWays
	Existing string `json:"existing"` // of customers: record.Existing…
	Source   string `json:"source"`   // of touches whose row names none
	Kind     string `json:"kind"`     // likewise
	Currency string `json:"currency"` // likewise
	Inbound  *bool  `json:"inbound"`  // likewise; nil: as is usual of the kind
}

func isSource(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == "" && len(s) <= 40
}

func (h *Hub) defaultOptions() ImportOptions {
	set := h.Settings()
	o := ImportOptions{Zone: set.Firm.Timezone, Region: set.Region(), Dates: sheet.DatesAuto, Existing: record.ExistingFill, Source: "import"}
	if o.Zone == "" {
		o.Zone = "UTC"
	}
	return o
}

func (h *Hub) checkOptions(o *ImportOptions) error {
	if o.Zone == "" {
		o.Zone = "UTC"
	}
	if _, err := time.LoadLocation(o.Zone); err != nil || o.Zone == "Local" {
		return invalid("options.zone", "There is no such time zone; write it as in Asia/Tehran.")
	}
	if o.Region = strings.ToUpper(o.Region); o.Region != "" && !channels.Region(o.Region) {
		return invalid("options.region", "Two letters of a country are needed, like IR or DE.")
	}
	o.Dates, o.Existing, o.Source = cmp.Or(o.Dates, sheet.DatesAuto), cmp.Or(o.Existing, record.ExistingFill), cmp.Or(o.Source, "import")
	if !slices.Contains(sheet.DateWays, o.Dates) {
		return invalid("options.dates", "Dates are read in one of these ways: %s.", strings.Join(sheet.DateWays, ", "))
	}
	if !slices.Contains([]string{record.ExistingFill, record.ExistingOverwrite, record.ExistingSkip}, o.Existing) {
		return invalid("options.existing", "Who is known is filled, overwritten or skipped: fill, overwrite, skip.")
	}
	if !isSource(o.Source) {
		return invalid("options.source", "A source has at most 40 small letters, digits, - and _.")
	}
	if o.Kind != "" && !slices.ContainsFunc(h.Settings().Kinds, func(k record.Kind) bool { return k.ID == o.Kind }) {
		return invalid("options.kind", "There is no such kind.")
	}
	if len(o.Currency) > 3 {
		return invalid("options.currency", "Three letters of ISO 4217 are needed, like EUR or IRR, or IRT for toman.")
	}
	return nil
}
