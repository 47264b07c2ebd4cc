package email

//lint:file-ignore ST1018 Persian is written with zero-width non-joiners.

import (
	"regexp"
	"strings"
)

// Fold splits a mail's text into what its author wrote and the quoted history below it, so that a
// view can fold the latter. quoted is the text's tail as it is, visible the rest without the white
// space at its end; quoted is "" when there is nothing to fold. Nothing is folded when nothing would
// stay visible: then the history is the message (a forward).
//
// The rule, which the web app repeats (testdata/fold holds the cases of both). Lines are compared
// without bidi marks and outer white space. The tail begins at the first line that is one of
//
//  1. a separator: "-----Original Message-----", "----- پیام اصلی -----";
//  2. the header block of Outlook: "From: …" or "از: …", with two of Sent, Date, To, Cc, Subject (or
//     their Persian names) within the next five lines; a rule of underscores above belongs to it;
//  3. an attribution: "On … wrote:", "در … نوشت:", with a digit, over at most three lines. Either all
//     that follows begins with ">", or nothing does. (Mixed: the author answers in between.);
//  4. the first line of a last block in which every line begins with ">".
//
// Blank lines are part of what stands before and after them.
func Fold(text string) (visible, quoted string) {
	lines := strings.Split(text, "\n")
	plain := make([]string, len(lines))
	for i, l := range lines {
		plain[i] = plainLine(l)
	}
	start, rest := -1, kinds(plain)
	for i, l := range plain {
		if separator.MatchString(l) || headerBlock(plain, i) || attribution(plain, rest, i) {
			start = i
			break
		}
	}
	if tail := quotedTail(plain); tail >= 0 && (start < 0 || tail < start) {
		start = tail
	}
	if start < 0 {
		return text, ""
	}
	for start > 0 && (plain[start-1] == "" || rule.MatchString(plain[start-1])) {
		start--
	}
	visible = strings.TrimRight(strings.Join(lines[:start], "\n"), " \t\r\n")
	if strings.TrimSpace(visible) == "" {
		return text, ""
	}
	quoted = strings.TrimLeft(strings.Join(lines[start:], "\n"), "\r\n")
	return visible, quoted
}

var (
	separator = regexp.MustCompile(`^-{2,} ?(?:[Oo]riginal [Mm]essage|پیام اصلی) ?-{2,}$`)
	rule      = regexp.MustCompile(`^_{5,}$`)
	fromLine  = regexp.MustCompile(`^\*?(?:From|از)\*? ?:\*? ?\S`)
	blockLine = regexp.MustCompile(`^\*?(?:Sent|Date|To|Cc|Subject|ارسال|ارسال شده|ارسال‌شده|تاریخ|به|رونوشت|موضوع)\*? ?:`)
	wroteEN   = regexp.MustCompile(`^On .*[0-9].* wrote ?:$`)
	wroteFA   = regexp.MustCompile(`^در .*[0-9۰-۹٠-٩].* (?:نوشت|نوشته|نوشته است|نوشته‌است|نوشتند) ?:$`)
	bidiMarks = strings.NewReplacer("\u200e", "", "\u200f", "", "\u061c", "", "\u202a", "", "\u202b", "", "\u202c", "",
		"\u202d", "", "\u202e", "", "\u2066", "", "\u2067", "", "\u2068", "", "\u2069", "", "\u00a0", " ", "\u202f", " ", "\r", "")
)

func plainLine(line string) string {
	return strings.Trim(bidiMarks.Replace(line), " \t")
}

func headerBlock(lines []string, i int) bool {
	if !fromLine.MatchString(lines[i]) {
		return false
	}
	n := 0
	for j := i + 1; j < len(lines) && j <= i+5; j++ {
		if blockLine.MatchString(lines[j]) {
			n++
		}
	}
	return n >= 2
}

func attribution(lines []string, rest []kind, i int) bool {
	if !strings.HasPrefix(lines[i], "On ") && !strings.HasPrefix(lines[i], "در ") {
		return false
	}
	joined := ""
	for j := i; j < len(lines) && j < i+3; j++ {
		if j > i && lines[j] == "" {
			return false
		}
		joined = strings.Trim(joined+" "+lines[j], " ")
		if len(joined) > 500 {
			return false
		}
		if wroteEN.MatchString(joined) || wroteFA.MatchString(joined) {
			return rest[j+1] == quotedOnly || rest[j+1] == ownOnly
		}
	}
	return false
}

// kind tells what the lines from one on to the end are, blank ones aside.
type kind int

const (
	quotedOnly kind = 1
	ownOnly    kind = 2 // 3: mixed
)

func kinds(lines []string) []kind {
	out := make([]kind, len(lines)+1)
	for i := len(lines) - 1; i >= 0; i-- {
		out[i] = out[i+1]
		switch {
		case lines[i] == "":
		case lines[i][0] == '>':
			out[i] |= quotedOnly
		default:
			out[i] |= ownOnly
		}
	}
	return out
}

// quotedTail is the first line of the last block of ">" lines when nothing but blank lines follows it; -1: none.
func quotedTail(lines []string) int {
	first := -1
	for i := len(lines) - 1; i >= 0; i-- {
		if lines[i] == "" {
			continue
		}
		if lines[i][0] != '>' {
			break
		}
		first = i
	}
	return first
}
