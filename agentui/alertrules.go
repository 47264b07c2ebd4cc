package agentui

import (
	"fmt"
	"net/http"
	"net/mail"
	"slices"

	"github.com/labstack/echo/v4"

	"tamas/inbox"
	"tamas/inbox/record"
)

const (
	maxRules  = 100
	maxEmails = 20 // of one rule
)

// alertValues are the bounds of a rule's value, by its kind: seconds, conversations or percent.
var alertValues = map[string][2]int{
	record.RuleWait: {1, 7 * 86400}, record.RuleLength: {0, 100_000}, record.RuleLevel: {1, 100}, record.RuleUnstaffed: {0, 7 * 86400},
	record.RuleSLA: {0, 100_000}, record.RuleFlag: {0, 7 * 86400}, record.RuleAccount: {0, 0},
}

// checkAlertRules checks the setting "alerts" as somebody wants to save it. Its errors name the field: "value.2.webhook".
func checkAlertRules(rules []record.AlertRule, set *inbox.Settings, kinds map[string]bool) error {
	if len(rules) > maxRules {
		return invalid("value", fmt.Sprintf("There can be %d rules.", maxRules))
	}
	ids := map[string]bool{}
	for i, r := range rules {
		field := func(name string) string { return fmt.Sprintf("value.%d.%s", i, name) }
		if id, err := text(field("id"), r.ID, 1, 64, false); err != nil || id != r.ID || ids[r.ID] {
			return invalid(field("id"), "Each rule has an id of its own.")
		}
		ids[r.ID] = true
		limits, ok := alertValues[r.Kind]
		if !ok {
			return invalid(field("kind"), "There is no such kind of rule.")
		}
		if r.Kind == record.RuleAccount {
			if r.Value != 0 || len(r.Queues) > 0 {
				return invalid(field("value"), "A rule about accounts has neither a value nor queues.")
			}
		} else if err := between(field("value"), r.Value, limits[0], limits[1]); err != nil {
			return err
		}
		for _, q := range r.Queues {
			if _, ok := set.Queues[q]; !ok {
				return invalid(field("queues"), "There is no such queue.")
			}
		}
		if len(r.Emails) > maxEmails {
			return invalid(field("emails"), fmt.Sprintf("A rule tells %d addresses at most.", maxEmails))
		}
		for j, e := range r.Emails {
			if a, err := mail.ParseAddress(e); err != nil || a.Address != e || len(e) > 254 || slices.Contains(r.Emails[:j], e) {
				return invalid(field("emails"), "This is no list of mail addresses: each stands once, as name@example.com.")
			}
		}
		if a := set.Accounts[r.Account]; r.Account != "" && (a.Archived || !kinds[a.Kind]) || r.Account == "" && len(r.Emails) > 0 {
			return invalid(field("account"), "Choose the mail account that the mails come from.")
		}
		if r.Webhook != "" {
			if err := inbox.CheckWebhook(r.Webhook); err != nil {
				return invalid(field("webhook"), "The webhook needs an address that begins with http:// or https://.")
			}
		}
	}
	return nil
}

// mailKinds are the kinds of channels that mails can be sent from.
func (s *Server) mailKinds() map[string]bool {
	kinds := map[string]bool{}
	for _, k := range s.kinds {
		if k.Limits.Subject {
			kinds[k.Name] = true
		}
	}
	return kinds
}

// postAlertTest tries a saved rule's addresses.
func (s *Server) postAlertTest(c echo.Context) error {
	if err := nothing(c); err != nil {
		return err
	}
	results, err := s.hub.TryAlert(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"results": results})
}

// getAlertSecret shows what a rule's webhook is signed with. It follows from the installation's key and the rule's id, so it is there
// before the rule is saved.
func (s *Server) getAlertSecret(c echo.Context) error {
	id, err := text("id", c.Param("id"), 1, 64, false)
	if err != nil {
		return err
	}
	secret, err := s.hub.AlertSecret(id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]string{"secret": secret})
}
