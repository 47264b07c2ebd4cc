package agentui

import (
	"context"
	"net/http"
	"net/mail"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"tamas/inbox"
	"tamas/inbox/record"
)

// setting is one of the settings that are a value under a name.
type setting[T any] struct {
	name  string
	empty func() T // until somebody saves one
	check func(s *Server, old, v *T) error
}

// settingView is a setting with its version, 0: never saved.
type settingView[T any] struct {
	Value   T                 `json:"value"`
	Version int64             `json:"version"`
	Secrets map[string]string `json:"secrets,omitempty"` // of alert rules whose webhook is new, to check its calls by; this once
}

func (x *setting[T]) read(ctx context.Context, s *Server) (settingView[T], error) {
	v := settingView[T]{Value: x.empty()}
	version, err := s.db.Setting(ctx, x.name, &v.Value)
	v.Version = version
	return v, err
}

func (x *setting[T]) get(s *Server) echo.HandlerFunc {
	return func(c echo.Context) error {
		v, err := x.read(c.Request().Context(), s)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, v)
	}
}

func (x *setting[T]) put(s *Server) echo.HandlerFunc {
	return func(c echo.Context) error {
		in, err := decode[struct {
			Value   *T     `json:"value"`
			Version *int64 `json:"version"`
			Running bool   `json:"running"` // of sla only
		}](c)
		switch {
		case err != nil:
			return err
		case in.Value == nil:
			return invalid("value", "value is needed.")
		case in.Running && x.name != inbox.SLASetting:
			return invalid("running", "Only promises can be changed for running clocks.")
		}
		if err := needVersion(in.Version); err != nil {
			return err
		}
		ctx := c.Request().Context()
		old, err := x.read(ctx, s)
		if err != nil {
			return err
		}
		if err := x.check(s, &old.Value, in.Value); err != nil {
			return err
		}
		if err := s.mayLimit(c, &old.Value, in.Value); err != nil {
			return err
		}
		note := s.note(c, "settings."+x.name, x.name, map[string]any{"value": old.Value}, map[string]any{"value": *in.Value})
		version, err := s.db.SetSetting(ctx, x.name, *in.Version, *in.Value, note)
		if err != nil {
			return stale(err, "setting", func() (settingView[T], error) { return x.read(ctx, s) })
		}
		s.tellSettings(ctx, x.name)
		if in.Running {
			s.hub.RenewPromises()
		}
		out := settingView[T]{Value: *in.Value, Version: version}
		if rules, ok := any(in.Value).(*[]record.AlertRule); ok {
			if out.Secrets, err = s.newSecrets(any(&old.Value).(*[]record.AlertRule), rules); err != nil {
				return err
			}
		}
		return c.JSON(http.StatusOK, out)
	}
}

// newSecrets are what the calls of webhooks that were not there before are signed with.
func (s *Server) newSecrets(old, now *[]record.AlertRule) (out map[string]string, err error) {
	for _, r := range *now {
		had := slices.ContainsFunc(*old, func(o record.AlertRule) bool { return o.ID == r.ID && o.Webhook == r.Webhook })
		if r.Webhook == "" || had {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		if out[r.ID], err = s.hub.AlertSecret(r.ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

var routingSetting = &setting[record.RoutingSetting]{inbox.RoutingSetting, func() record.RoutingSetting { return record.RoutingSetting{} }, checkRoutingSetting}
var alertsSetting = &setting[[]record.AlertRule]{inbox.AlertsSetting, inbox.DefaultAlerts, checkAlerts}

// checkRoutingSetting refuses what routing cannot mean, and to take away skills and tiers that are asked for somewhere.
func checkRoutingSetting(s *Server, _, v *record.RoutingSetting) error {
	for _, n := range []struct {
		field string
		value int
		most  int
	}{{"grace_seconds", v.GraceSecs, 3600}, {"round_seconds", v.RoundSecs, 3600}, {"wrap_up_most", v.WrapUpMost, 4 * 3600},
		{"short_abandon_secs", v.ShortAbandon, 600}} {
		if err := between("value."+n.field, n.value, 0, n.most); err != nil {
			return err
		}
	}
	for _, l := range []struct {
		field string
		list  *[]string
		most  int
	}{{"break_reasons", &v.BreakReasons, 50}, {"skills", &v.Skills, 500}, {"tiers", &v.Tiers, 20}} {
		if err := checkWords("value."+l.field, l.list, l.most); err != nil {
			return err
		}
	}
	set := s.hub.Settings()
	for _, q := range set.Queues {
		for _, n := range q.Routing.Needs {
			if !q.Archived && !slices.Contains(v.Skills, n.Skill) {
				return invalid("value.skills", "The queue "+q.Name+" asks for the skill "+n.Skill+".")
			}
		}
	}
	for _, p := range set.SLA {
		for _, t := range p.Tiers {
			if !slices.Contains(v.Tiers, t) {
				return invalid("value.tiers", "The promise "+p.Name+" is for the tier "+t+".")
			}
		}
	}
	return nil
}

// checkWords cleans a list of short words that differ.
func checkWords(field string, list *[]string, most int) error {
	if len(*list) > most {
		return invalid(field, field+" has more than "+strconv.Itoa(most)+" entries.")
	}
	out := make([]string, 0, len(*list))
	for i, w := range *list {
		w, err := text(at(field, i), w, 1, 60, false)
		if err != nil {
			return err
		}
		if slices.Contains(out, w) {
			return invalid(at(field, i), "“"+w+"” is there twice.")
		}
		out = append(out, w)
	}
	*list = out
	return nil
}

// at names an entry of a list in an error.
func at(field string, i int, more ...string) string {
	field += "[" + strconv.Itoa(i) + "]"
	for _, m := range more {
		field += "." + m
	}
	return field
}

// checkKey checks what an entry of a list is known by.
func checkKey(field, id string, seen map[string]bool) error {
	if _, err := text(field, id, 1, 64, false); err != nil {
		return err
	}
	if seen[id] {
		return invalid(field, "Two entries have the same id.")
	}
	seen[id] = true
	return nil
}

// checkNeeds checks skills that are asked for.
func checkNeeds(field string, needs []record.Need, set *inbox.Settings) error {
	if len(needs) > 20 {
		return invalid(field, "More than 20 skills cannot be asked for.")
	}
	seen := map[string]bool{}
	for i, n := range needs {
		if !slices.Contains(set.Routing.Skills, n.Skill) {
			return invalid(at(field, i, "skill"), "There is no such skill.")
		}
		if seen[n.Skill] {
			return invalid(at(field, i, "skill"), "The skill is there twice.")
		}
		seen[n.Skill] = true
		if err := between(at(field, i, "level"), n.Level, 0, 5); err != nil {
			return err
		}
		if err := between(at(field, i, "drop_after"), n.DropAfter, 0, 24*3600); err != nil {
			return err
		}
	}
	return nil
}

// checkRouting checks how a queue routes; id is "" for a new one.
func checkRouting(id string, r *record.Routing, set *inbox.Settings) error {
	if r.Order != "" {
		if err := choice("routing.order", r.Order, record.OrderIdle, record.OrderActive, record.OrderAvailable, record.OrderRatio, record.OrderRound); err != nil {
			return err
		}
	}
	if r.Waiting != "" {
		if err := choice("routing.waiting", r.Waiting, record.WaitScore, record.WaitSLA); err != nil {
			return err
		}
	}
	for _, n := range []struct {
		field string
		value int
		most  int
	}{{"sticky_seconds", r.StickySecs, 24 * 3600}, {"release_seconds", r.ReleaseSecs, 7 * 24 * 3600}, {"heavy_seconds", r.HeavySecs, 24 * 3600}} {
		if err := between("routing."+n.field, n.value, 0, n.most); err != nil {
			return err
		}
	}
	if err := checkNeeds("routing.needs", r.Needs, set); err != nil {
		return err
	}
	if _, ok := set.Calendars[r.Calendar]; !ok && r.Calendar != "" {
		return invalid("routing.calendar", "There is no such calendar.")
	}
	var err error
	if r.ClosedText, err = text("routing.closed_text", r.ClosedText, 0, 1000, true); err != nil {
		return err
	}
	if err := checkSecondary(r.Secondary, set); err != nil {
		return err
	}
	return checkOverflow(id, r.Overflow, set)
}

func checkSecondary(list []record.Secondary, set *inbox.Settings) error {
	if len(list) > 10 {
		return invalid("routing.secondary", "There are more than 10 groups of helpers.")
	}
	for i, x := range list {
		if err := between(at("routing.secondary", i, "after"), x.After, 0, 7*24*3600); err != nil {
			return err
		}
		if len(x.Members) == 0 || len(x.Members) > 5000 {
			return invalid(at("routing.secondary", i, "members"), "Name from 1 to 5,000 agents.")
		}
		for _, u := range x.Members {
			if _, ok := set.Users[u]; !ok {
				return invalid(at("routing.secondary", i, "members"), "One of the members does not exist.")
			}
		}
	}
	slices.SortStableFunc(list, func(a, b record.Secondary) int { return a.After - b.After })
	return nil
}

func checkOverflow(id string, list []record.Overflow, set *inbox.Settings) error {
	if len(list) > 10 {
		return invalid("routing.overflow", "There are more than 10 rules of overflow.")
	}
	for i := range list {
		o := &list[i]
		if err := choice(at("routing.overflow", i, "when"), o.When, record.OverWait, record.OverLength, record.OverUnstaffed, record.OverClosed, record.OverImpossible); err != nil {
			return err
		}
		least := 0
		if o.When == record.OverWait || o.When == record.OverLength {
			least = 1
		}
		if err := between(at("routing.overflow", i, "value"), o.Value, least, 7*24*3600); err != nil {
			return err
		}
		var err error
		if o.Text, err = text(at("routing.overflow", i, "text"), o.Text, 0, 1000, true); err != nil {
			return err
		}
		q, ok := set.Queues[o.Queue]
		switch {
		case o.Queue == "" && o.Text == "":
			return invalid(at("routing.overflow", i, "queue"), "Choose a queue, or write what the customer is told.")
		case o.Queue == "":
		case o.Queue == id:
			return invalid(at("routing.overflow", i, "queue"), "A queue cannot overflow into itself.")
		case !ok || q.Archived:
			return invalid(at("routing.overflow", i, "queue"), "There is no such queue.")
		}
	}
	return nil
}

// checkSkills checks what an agent is good at.
func checkSkills(skills map[string]int, set *inbox.Settings) error {
	if len(skills) > 100 {
		return invalid("skills", "An agent has at most 100 skills.")
	}
	for name, level := range skills {
		if !slices.Contains(set.Routing.Skills, name) {
			return invalid("skills", "There is no skill "+strconv.Quote(cut(name, 60))+".")
		}
		if err := between("skills", level, 1, 5); err != nil {
			return err
		}
	}
	return nil
}

// checkAlerts checks rules that make alerts.
func checkAlerts(s *Server, _, v *[]record.AlertRule) error {
	if *v == nil {
		*v = []record.AlertRule{}
	}
	if len(*v) > 100 {
		return invalid("value", "There are more than 100 rules.")
	}
	set, seen := s.hub.Settings(), map[string]bool{}
	for i := range *v {
		r := &(*v)[i]
		if err := checkKey(at("value", i, "id"), r.ID, seen); err != nil {
			return err
		}
		if err := choice(at("value", i, "kind"), r.Kind, record.RuleWait, record.RuleLength, record.RuleLevel, record.RuleUnstaffed, record.RuleImpossible, record.RuleSLA, record.RuleFlag, record.RuleAccount); err != nil {
			return err
		}
		least, most := 0, 7*24*3600
		if r.Kind == record.RuleLevel {
			least, most = 1, 100 // nothing is below 0 %
		}
		if err := between(at("value", i, "value"), r.Value, least, most); err != nil {
			return err
		}
		if err := checkQueues(at("value", i, "queues"), r.Queues, set); err != nil {
			return err
		}
		if len(r.Emails) > 20 {
			return invalid(at("value", i, "emails"), "An alert goes to at most 20 addresses.")
		}
		for k, e := range r.Emails {
			if a, err := mail.ParseAddress(e); err != nil || a.Address != e || len(e) > 254 {
				return invalid(at(at("value", i, "emails"), k), "This is no e-mail address.")
			}
		}
		a, ok := set.Accounts[r.Account]
		if len(r.Emails) > 0 && (!ok || a.Kind != "email" || a.Archived) || r.Account != "" && !ok {
			return invalid(at("value", i, "account"), "Choose the e-mail account that it is sent from.")
		}
		if r.Webhook != "" {
			if err := inbox.CheckWebhook(r.Webhook); err != nil {
				return invalid(at("value", i, "webhook"), "An address that begins with http:// or https:// is needed.")
			}
		}
	}
	return nil
}

func checkQueues(field string, list []string, set *inbox.Settings) error {
	for k, id := range list {
		if q, ok := set.Queues[id]; !ok || q.Archived {
			return invalid(at(field, k), "There is no such queue.")
		}
	}
	return nil
}
