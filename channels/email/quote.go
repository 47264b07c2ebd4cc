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
// The rule, which the web app repeats (testdata/quotes.json holds the cases of both). Lines are compared
// without bidi marks and outer white space. The tail begins at the first line that is one of
//
//  1. a separator: "-----Original Message-----", "----- پیام اصلی -----";
//  2. the header block of Outlook: "From: …" or "از: …", with two of Sent, Date, To, Cc, Subject (or
//     their names in other languages) within the next five lines; a rule of underscores above belongs to it;
//  3. an attribution: "On … wrote:", "در … نوشت:", with a digit, over at most three lines. Either all
//     that follows begins with ">", or nothing does. (Mixed: the author answers in between.);
//  4. the first line of a last block in which every line begins with ">".
//
// Nothing is folded behind a line that says that what follows is forwarded. A signature below the history goes with it, and
// blank lines are part of what stands before and after them.
func Fold(text string) (visible, quoted string) {
	lines := strings.Split(text, "\n")
	plain := make([]string, len(lines))
	for i, l := range lines {
		plain[i] = plainLine(l)
	}
	start := foldStart(plain)
	if start < 0 {
		return text, ""
	}
	visible = strings.TrimRight(strings.Join(lines[:start], "\n"), " \t\r\n")
	if strings.TrimSpace(visible) == "" {
		return text, ""
	}
	quoted = strings.TrimLeft(strings.Join(lines[start:], "\n"), "\r\n")
	return visible, quoted
}

// Split is Fold that also takes the signature off the end of the visible part; "" when there is none, or when nothing else
// would stay. A signature begins at the last line "-- ", with at most 20 lines behind it, or is a last line that a
// device or a program adds: "Sent from my iPhone".
func Split(text string) (visible, signature, quoted string) {
	visible, quoted = Fold(text)
	lines := strings.Split(visible, "\n")
	plain := make([]string, len(lines))
	for i, l := range lines {
		plain[i] = plainLine(l)
	}
	at := signatureStart(plain)
	if at < 0 {
		return visible, "", quoted
	}
	signature = strings.Join(lines[at:], "\n")
	if rest := strings.TrimRight(strings.Join(lines[:at], "\n"), " \t\r\n"); strings.TrimSpace(rest) != "" {
		return rest, signature, quoted
	}
	return visible, "", quoted
}

// foldStart is the line at which the quoted history begins; -1: there is none.
func foldStart(plain []string) int {
	own := plain[:lastSignature(plain)]
	start, rest, forwarded := -1, kinds(own), len(own)
	for i, l := range own {
		if separates(l) || headerBlock(own, i) || attribution(own, rest, i) {
			start = i
			break
		}
		if forwards(l) {
			forwarded = i
			break
		}
	}
	if tail := quotedTail(own); tail >= 0 && tail < forwarded && (start < 0 || tail < start) {
		start = tail
	}
	for start > 0 && (plain[start-1] == "" || rule.MatchString(plain[start-1])) {
		start--
	}
	return start
}

// lastSignature is where a signature below everything begins, history included; the number of lines when there is none.
func lastSignature(plain []string) int {
	at := signatureStart(plain)
	if at < 0 || kinds(plain[at:])[0] != ownOnly {
		return len(plain)
	}
	for i := at; i < len(plain); i++ {
		if separates(plain[i]) || headerBlock(plain, i) || attributed(plain, i) > 0 || forwards(plain[i]) {
			return len(plain)
		}
	}
	return at
}

const signatureLines = 20

// signatureStart is the line at which the signature begins; -1: there is none.
func signatureStart(plain []string) int {
	last := len(plain) - 1
	for last >= 0 && plain[last] == "" {
		last--
	}
	if last < 0 {
		return -1
	}
	for i := last; i >= 0 && i >= last-signatureLines; i-- {
		if plain[i] == "--" {
			return i
		}
	}
	if len(plain[last]) <= 120 && sentFrom.MatchString(plain[last]) {
		return last
	}
	return -1
}

var (
	separator = regexp.MustCompile(`^-{2,} ?(?i:Original Message|Original Appointment|Ursprüngliche Nachricht|Originalnachricht|Original-Nachricht|Message d['’]origine|Message original|` +
		`Mensaje original|Mensagem original|Messaggio originale|Oorspronkelijk bericht|Исходное сообщение|Orijinal Mesaj|Orijinal İleti|Özgün İleti|الرسالة الأصلية|پیام اصلی) ?-{2,}$`)
	rule     = regexp.MustCompile(`^_{5,}$`)
	fromLine = regexp.MustCompile(`^\*?(?:From|Von|De|Da|Van|От|Kimden|Gönderen|من|از)\*? ?:\*? ?\S`)
	// By language: English, German, French, Spanish and Portuguese, Italian, Dutch, Russian, Turkish, Arabic, Persian.
	blockLine = regexp.MustCompile(`^\*?(?:Sent|Date|To|Cc|CC|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado|Enviado el|Enviada em|Fecha|Para|Asunto|Data|Assunto|` +
		`Inviato|A|Oggetto|Verzonden|Aan|Onderwerp|Отправлено|Дата|Кому|Копия|Тема|Gönderildi|Gönderme Tarihi|Tarih|Kime|Bilgi|Konu|` +
		`تم الإرسال|مرسل|التاريخ|إلى|نسخة|الموضوع|ارسال|ارسال شده|ارسال‌شده|تاریخ|به|رونوشت|موضوع)\*? ?:`)
	forwardLine = regexp.MustCompile(`^(?i:-{2,} ?(?:Forwarded message|Weitergeleitete Nachricht|Message transféré|Message transmis|Mensaje reenviado|Mensagem encaminhada|Messaggio inoltrato|` +
		`Пересылаемое сообщение|Yönlendirilmiş ileti|İletilmiş ileti|رسالة مُعاد توجيهها|رسالة معاد توجيهها|پیام هدایت‌شده|پیام بازارسال‌شده|پیام فوروارد شده).*-{2,}|` +
		`Begin forwarded message:|Anfang der weitergeleiteten Nachricht:|Début du message réexpédié ?:|Début du message transféré ?:|Inicio del mensaje reenviado:)$`)
	// By a word that is in them, so that few expressions are tried on any line.
	wrote = []struct {
		has string
		re  *regexp.Regexp
	}{
		{"wrote", regexp.MustCompile(`^On .*[0-9].* wrote ?:$`)},
		{"schrieb", regexp.MustCompile(`^Am .*[0-9].* schrieb(?: .*)?:$`)},
		{"a écrit", regexp.MustCompile(`^Le .*[0-9].* a écrit ?:$`)},
		{"escribió", regexp.MustCompile(`^El .*[0-9].* escribió ?:$`)},
		{"escreveu", regexp.MustCompile(`^Em .*[0-9].* escreveu ?:$`)},
		{"ha scritto", regexp.MustCompile(`^Il .*[0-9].* ha scritto ?:$`)},
		{"schreef", regexp.MustCompile(`^Op .*[0-9].* schreef .*:$`)},
		{"yazdı", regexp.MustCompile(`^[0-9]{1,2}[ ./].*[0-9]{4}.* (?:yazdı|şunu yazdı|şunları yazdı) ?:$`)},
		{"yazdı", regexp.MustCompile(`^.{1,100}<.*@.*>, [0-9]{1,2} .*[0-9]{4}.* tarihinde (?:şunu|şunları) yazdı ?:$`)},
		{"пишет", regexp.MustCompile(`^[0-9]{1,2}[ ./].*[0-9]{4}.* (?:пишет|написал|написала|написал\(а\)) ?:$`)},
		{"написал", regexp.MustCompile(`^[0-9]{1,2}[ ./].*[0-9]{4}.* (?:пишет|написал|написала|написал\(а\)) ?:$`)},
		{"пишет", regexp.MustCompile(`^(?:[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4}|(?:пн|вт|ср|чт|пт|сб|вс), [0-9]).*(?:пишет|написал|написала|написал\(а\)|<.*@.*>) ?:$`)},
		{"написал", regexp.MustCompile(`^(?:[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4}|(?:пн|вт|ср|чт|пт|сб|вс), [0-9]).*(?:пишет|написал|написала|написал\(а\)|<.*@.*>) ?:$`)},
		{"@", regexp.MustCompile(`^(?:[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4}|(?:пн|вт|ср|чт|пт|сб|вс), [0-9]).*(?:пишет|написал|написала|написал\(а\)|<.*@.*>) ?:$`)},
		{"@", regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2} .*<.*@.*> ?:$`)},
		{"كتب", regexp.MustCompile(`^(?:في|بتاريخ|يوم) .*[0-9٠-٩].* (?:كتب|كتبت|كتب/كتبت|تمت كتابة ما يلي بواسطة)(?: .*)? ?:$`)},
		{"كتابة", regexp.MustCompile(`^(?:في|بتاريخ|يوم) .*[0-9٠-٩].* (?:كتب|كتبت|كتب/كتبت|تمت كتابة ما يلي بواسطة)(?: .*)? ?:$`)},
		{"نوشت", regexp.MustCompile(`^(?:در|به تاریخ) .*[0-9۰-۹٠-٩].* (?:نوشت|نوشته|نوشته است|نوشته‌است|نوشتند) ?:$`)},
	}
	sentFrom = regexp.MustCompile(`^(?i:(?:Sent from (?:my|mail|outlook|yahoo|proton)|Sent via |Sent with |Get Outlook for |Von meinem |Gesendet (?:von|mit) |Diese Nachricht wurde von meinem |Envoyé (?:de|depuis|à partir de) |` +
		`Enviado (?:desde|do|de) |Inviato da |Verzonden (?:vanaf|met) |Отправлено (?:с|из) |(?:iPhone|iPad|Android|Samsung).{0,40}(?:gönderildi|gönderilmiştir)|` +
		`أرسلت من |أُرسلت من |تم الإرسال من |مرسل من |ارسال شده از |ارسال‌شده از |فرستاده شده از |فرستاده‌شده از |از (?:آیفون|گوشی) من ).{0,80}\.?$|^(?:iPhone|iPad)['’]?(?:umdan|imden|ımdan) gönderildi\.?$)`)
	bidiMarks = strings.NewReplacer("\u200e", "", "\u200f", "", "\u061c", "", "\u202a", "", "\u202b", "", "\u202c", "",
		"\u202d", "", "\u202e", "", "\u2066", "", "\u2067", "", "\u2068", "", "\u2069", "", "\u00a0", " ", "\u202f", " ", "\r", "")
)

func plainLine(line string) string {
	return strings.Trim(bidiMarks.Replace(line), " \t")
}

func separates(line string) bool {
	return strings.HasPrefix(line, "--") && separator.MatchString(line)
}

func forwards(line string) bool {
	return (strings.HasPrefix(line, "--") || strings.HasSuffix(line, ":")) && forwardLine.MatchString(line)
}

func headerBlock(lines []string, i int) bool {
	if !strings.Contains(lines[i], ":") || !fromLine.MatchString(lines[i]) {
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
	if rest[min(i+3, len(lines))] == quotedOnly|ownOnly { // and so is the rest of what is longer
		return false
	}
	end := attributed(lines, i)
	return end > 0 && (rest[end] == quotedOnly || rest[end] == ownOnly)
}

// attributed is the line behind an attribution that begins at line i; 0: none does.
func attributed(lines []string, i int) int {
	if lines[i] == "" || lines[i][0] == '>' {
		return 0
	}
	joined := ""
	for j := i; j < len(lines) && j < i+3; j++ {
		if j > i && lines[j] == "" {
			return 0
		}
		joined = strings.Trim(joined+" "+lines[j], " ")
		if len(joined) > 500 {
			return 0
		}
		if !strings.HasSuffix(joined, ":") {
			continue
		}
		for _, w := range wrote {
			if strings.Contains(joined, w.has) && w.re.MatchString(joined) {
				return j + 1
			}
		}
	}
	return 0
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
