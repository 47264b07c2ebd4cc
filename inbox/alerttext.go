package inbox

import (
	"fmt"
	"strconv"

	"tamas/inbox/record"
	"tamas/persian"
)

// alertTexts are what an alert of a rule says, in English and Persian: of a queue by name, or of a conversation by number.
func alertTexts(rule record.AlertRule, queue string, number int64) (en, fa string) {
	n := rule.Value
	span, spanFA := spanTexts(n)
	queueFA := isolate(queue)
	switch rule.Kind {
	case record.RuleWait:
		return fmt.Sprintf("Somebody has waited in “%s” for longer than %s.", queue, span),
			fmt.Sprintf("کسی در صف «%s» بیش از %s منتظر مانده است.", queueFA, spanFA)
	case record.RuleLength:
		return fmt.Sprintf("More than %d wait in “%s”.", n, queue),
			fmt.Sprintf("بیش از %s نفر در صف «%s» منتظرند.", inPersian(n), queueFA)
	case record.RuleLevel:
		return fmt.Sprintf("Today's service level of “%s” is below %d %%.", queue, n),
			fmt.Sprintf("سطح خدمت امروز صف «%s» کمتر از %s٪ است.", queueFA, inPersian(n))
	case record.RuleUnstaffed:
		return fmt.Sprintf("“%s” is open, and nobody has been at work there for longer than %s.", queue, span),
			fmt.Sprintf("صف «%s» باز است و بیش از %s است که کسی در آن سر کار نیست.", queueFA, spanFA)
	case record.RuleImpossible:
		return fmt.Sprintf("For longer than %s somebody has waited in “%s” whom nobody there could ever serve: a skill or capacity is lacking.", span, queue),
			fmt.Sprintf("بیش از %s است که کسی در صف «%s» منتظر است و هیچ کارشناسی از آن نمی‌تواند به او برسد: مهارت یا ظرفیت کم است.", spanFA, queueFA)
	case record.RuleSLA:
		if n == 0 {
			return fmt.Sprintf("A promise to a customer of “%s” is broken.", queue),
				fmt.Sprintf("قولی که به مشتری صف «%s» داده شده بود شکسته است.", queueFA)
		}
		return fmt.Sprintf("More than %d customers of “%s” have a broken promise.", n, queue),
			fmt.Sprintf("قول به بیش از %s مشتری صف «%s» شکسته است.", inPersian(n), queueFA)
	case record.RuleFlag:
		return fmt.Sprintf("The flag on #%d has stood without an answer for longer than %s.", number, span),
			fmt.Sprintf("پرچم گفتگوی #%s بیش از %s بی‌پاسخ مانده است.", inPersian(int(number)), spanFA)
	}
	return "", ""
}

// spanTexts are a number of seconds in words.
func spanTexts(seconds int) (en, fa string) {
	n, unit, unitFA := seconds, "second", "ثانیه"
	switch {
	case n > 0 && n%3600 == 0:
		n, unit, unitFA = n/3600, "hour", "ساعت"
	case n > 0 && n%60 == 0:
		n, unit, unitFA = n/60, "minute", "دقیقه"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit), inPersian(n) + " " + unitFA
}

// isolate lets a name of any script keep its own direction within a sentence.
func isolate(name string) string { return "\u2068" + name + "\u2069" }

func inPersian(n int) string { return persian.Digits(strconv.Itoa(n)) }
