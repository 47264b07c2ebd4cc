package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"tamas/inbox"
	"tamas/inbox/record"
)

// exit ends the program with a status of its own.
type exit struct {
	status int
	why    string // "": all is said already
}

func (e *exit) Error() string { return e.why }

// Exit statuses of `tamas verify`.
const (
	verifyLacks = 1 // something is missing or double
	verifyCant  = 2 // it could not be checked
)

// verify compares an account with what its provider has, beside a hub that runs or without one.
func verify(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	v, asJSON, err := verifyAccount(ctx, args, environ, errOut)
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	if err != nil {
		return &exit{verifyCant, err.Error()}
	}
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		err = enc.Encode(v)
	} else {
		err = printVerification(out, v)
	}
	if err == nil && !v.Whole() {
		err = &exit{status: verifyLacks}
	}
	return err
}

func verifyAccount(ctx context.Context, args, environ []string, errOut io.Writer) (_ *inbox.Verification, asJSON bool, err error) {
	var name, since string
	cfg, rest, err := parse("tamas verify", args, environ, errOut, func(f *flag.FlagSet) {
		f.StringVar(&name, "account", "", "`name` or id of the account")
		f.StringVar(&since, "since", "72h", "from when on: a `time` ago like 72h or 30d, a date like 2026-03-20, or a moment like 2026-03-20T08:00:00Z")
		f.BoolVar(&asJSON, "json", false, "print JSON")
	})
	if err != nil {
		return nil, asJSON, err
	}
	if len(rest) > 0 {
		return nil, asJSON, fmt.Errorf("%q is not understood", rest[0])
	}
	if name == "" {
		return nil, asJSON, errors.New("--account is missing")
	}
	from, err := moment(since, time.Now())
	if err != nil {
		return nil, asJSON, err
	}
	key, err := cfg.readKey()
	if err != nil {
		return nil, asJSON, err
	}
	db, err := record.OpenReadOnly(ctx, cfg.database())
	if err != nil {
		return nil, asJSON, err
	}
	defer db.Close()
	acct, err := accountNamed(ctx, db, name)
	if err != nil {
		return nil, asJSON, err
	}
	v, err := inbox.Verify(ctx, inbox.VerifyOptions{DB: db, Kinds: kinds(), Key: key, PublicURL: cfg.PublicURL, Log: cfg.logger(errOut), Account: acct, Since: from})
	return v, asJSON, err
}

// moment reads what --since says.
func moment(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if d, err := time.ParseDuration(days + "h"); err == nil && d > 0 {
			return now.Add(-24 * d), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil && t.Before(now) {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--since %q is no time in the past; write 72h, 30d, 2026-03-20 or 2026-03-20T08:00:00Z", text)
}

// accountNamed finds an account by its id or by its name, which may be written in any case.
func accountNamed(ctx context.Context, db *record.DB, name string) (record.Account, error) {
	all, err := db.Accounts(ctx)
	if err != nil {
		return record.Account{}, err
	}
	var found, names []string
	for _, a := range all {
		if a.ID == name {
			return db.Account(ctx, a.ID)
		}
		if !a.Archived {
			names = append(names, a.Name)
			if strings.EqualFold(a.Name, name) {
				found = append(found, a.ID)
			}
		}
	}
	switch len(found) {
	case 0:
		return record.Account{}, fmt.Errorf("there is no account %q; there are: %s", name, strings.Join(names, ", "))
	case 1:
		return db.Account(ctx, found[0])
	}
	return record.Account{}, fmt.Errorf("several accounts are called %q; name one by its id: %s", name, strings.Join(found, ", "))
}

// printVerification prints a table and a verdict.
func printVerification(out io.Writer, v *inbox.Verification) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "Account\t%s (%s, %s)\nSince\t%s\n", v.Name, v.Kind, v.Account, v.Since.Format(time.DateTime+" MST"))
	fmt.Fprintf(w, "The provider has\t%d from customers, %d of ours\n", v.Received, v.Sent)
	fmt.Fprintf(w, "Missing here\t%d\nDouble here\t%d\nSent, but not there\t%d\nGaps\t%d\n", len(v.Missing)+v.More, len(v.Double), len(v.Unsent), len(v.Gaps))
	section := func(title string, items []inbox.VerifyItem, more int) {
		if len(items) > 0 {
			fmt.Fprintf(w, "\n%s\n", title)
		}
		for _, x := range items {
			id := x.ProviderID
			if id == "" {
				id = x.Key
			}
			where := ""
			if x.In != "" {
				where = "conversation " + x.In
			}
			fmt.Fprintf(w, "  %s\t%s\t%s%s\n", x.At.Local().Format(time.DateTime), id, x.What, where)
		}
		if more > 0 {
			fmt.Fprintf(w, "  … and %d more\n", more)
		}
	}
	section("The provider has these, the record has not:", v.Missing, v.More)
	section("The record has these more than once:", v.Double, 0)
	section("The record says that these were sent, the provider does not have them:", v.Unsent, 0)
	for _, x := range []struct {
		title string
		lines []string
	}{{"Gaps:", v.Gaps}, {"Notes:", v.Notes}} {
		if len(x.lines) > 0 {
			fmt.Fprintf(w, "\n%s\n  %s\n", x.title, strings.Join(x.lines, "\n  "))
		}
	}
	verdict := "All that the provider has is in the record, once."
	if !v.Whole() {
		verdict = "NOT WHOLE: something is missing or double; see above."
	}
	fmt.Fprintf(w, "\n%s\n", verdict)
	return w.Flush()
}
