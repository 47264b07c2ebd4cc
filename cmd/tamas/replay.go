package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"tamas/inbox/record"
	"tamas/router"
)

// Exit statuses of `tamas replay`.
const (
	replayDiffers = 1 // a decision comes out otherwise than it is recorded
	replayCant    = 2 // something could not be checked
)

const replayLast = 10_000 // decisions that are checked unless told otherwise

// replay makes the router's recorded decisions again, beside a hub that runs or without one.
func replay(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	var conversation, since string
	last, all, asJSON := 0, false, false
	cfg, rest, err := parse("tamas replay", args, environ, errOut, func(f *flag.FlagSet) {
		f.StringVar(&conversation, "conversation", "", "`number` (#1042) or id of the only conversation to check")
		f.StringVar(&since, "since", "", "from when on: a `time` ago like 72h or 30d, a date like 2026-03-20, or a moment like 2026-03-20T08:00:00Z")
		f.IntVar(&last, "last", replayLast, "how many decisions, the newest: a `number`; 0: all")
		f.BoolVar(&all, "all", false, "print those that agree, too")
		f.BoolVar(&asJSON, "json", false, "print JSON, with the events")
	})
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	var list []router.Replayed
	var names map[string]string
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%q is not understood", rest[0])
	}
	if err == nil && last < 0 {
		err = errors.New("--last is a number from 0")
	}
	if err == nil {
		list, names, err = replayed(ctx, cfg, conversation, since, last)
	}
	if err != nil {
		return &exit{replayCant, err.Error()}
	}
	if asJSON {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		if list == nil {
			list = []router.Replayed{}
		}
		err = enc.Encode(list)
	} else {
		err = printReplay(out, list, names, all || conversation != "")
	}
	differ, unchecked := verdicts(list)
	switch {
	case err != nil:
		return err
	case differ > 0:
		return &exit{status: replayDiffers}
	case unchecked > 0:
		return &exit{status: replayCant}
	}
	return nil
}

func replayed(ctx context.Context, cfg *config, conversation, since string, last int) ([]router.Replayed, map[string]string, error) {
	f := record.DecidedFilter{Limit: last}
	if since != "" {
		from, err := moment(since, time.Now())
		if err != nil {
			return nil, nil, err
		}
		f.Since = record.At(from)
	}
	db, err := record.OpenReadOnly(ctx, cfg.database())
	if err != nil {
		return nil, nil, err
	}
	defer db.Close()
	if conversation != "" {
		if f.Conversation, err = conversationNamed(ctx, db, conversation); err != nil {
			return nil, nil, err
		}
	}
	users, err := db.Users(ctx)
	if err != nil {
		return nil, nil, err
	}
	names := map[string]string{}
	for _, u := range users {
		names[u.ID] = u.Name
	}
	list, err := router.Replay(ctx, db, f)
	return list, names, err
}

// conversationNamed finds a conversation by its number, with # or without, or by its id.
func conversationNamed(ctx context.Context, db *record.DB, name string) (string, error) {
	if number, err := strconv.ParseInt(strings.TrimPrefix(name, "#"), 10, 64); err == nil {
		id, err := db.Numbered(ctx, number)
		if err == nil || !errors.Is(err, record.ErrNotFound) || strings.HasPrefix(name, "#") {
			return id, noConversation(name, err)
		}
	}
	_, err := db.Header(ctx, name)
	return name, noConversation(name, err)
}

func noConversation(name string, err error) error {
	if errors.Is(err, record.ErrNotFound) {
		return fmt.Errorf("there is no conversation %s", name)
	}
	return err
}

func verdicts(list []router.Replayed) (differ, unchecked int) {
	for i := range list {
		switch list[i].Verdict {
		case router.Differs:
			differ++
		case router.Unchecked:
			unchecked++
		}
	}
	return differ, unchecked
}

// printReplay prints the decisions, or only those that do not agree, and a verdict.
func printReplay(out io.Writer, list []router.Replayed, names map[string]string, all bool) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i := range list {
		r := &list[i]
		if r.Verdict == router.Agrees && !all {
			continue
		}
		e := &r.Event
		about := ""
		if e.Conversation != nil {
			about = "#" + strconv.FormatInt(e.Conversation.Number, 10)
		} else if len(e.Agents) > 0 {
			about = nameOf(e.Agents[0].ID, names)
		}
		who := ""
		if c := e.Conversation; c != nil && e.Kind == record.EvOffered {
			who = "to " + nameOf(c.OfferedTo, names)
		} else if c != nil && e.Kind == record.EvAssigned {
			who = "to " + nameOf(c.Owner, names)
		} else if e.Kind == record.EvAgent && len(e.Agents) > 0 {
			who = string(e.Agents[0].State)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", e.Reason.Now.Time().Local().Format("2006-01-02 15:04:05.000"), about, e.Kind, who, e.Reason.Code, r.Verdict)
		for _, line := range r.Words {
			fmt.Fprintf(w, "    %s\n", line)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	differ, unchecked := verdicts(list)
	agree := len(list) - differ - unchecked
	var verdict string
	switch {
	case len(list) == 0:
		verdict = "No decision of the router is recorded there."
	case differ > 0:
		verdict = fmt.Sprintf("%d of %d decisions DIFFER from what the recorded events give; %d agree, %d could not be checked.", differ, len(list), agree, unchecked)
	case unchecked > 0:
		verdict = fmt.Sprintf("%d decisions agree; %d could not be checked.", agree, unchecked)
	default:
		verdict = fmt.Sprintf("%d decisions, and all of them follow from the recorded events to the byte.", agree)
	}
	_, err := fmt.Fprintln(out, verdict)
	return err
}

func nameOf(id string, names map[string]string) string {
	if names[id] != "" {
		return names[id]
	}
	return id
}
