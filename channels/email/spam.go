package email

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/emersion/go-message/textproto"
)

// blocked says which line of a block list names one of the addresses; "" when none does. A line is an address, or "@domain",
// which holds for its subdomains too.
func blocked(list []string, addrs ...string) string {
	for _, line := range list {
		line = strings.ToLower(strings.TrimSpace(line))
		for _, addr := range addrs {
			_, domain, _ := cutLast(addr, "@")
			want, isDomain := strings.CutPrefix(line, "@")
			if addr != "" && line != "" && (addr == line || isDomain && want != "" && (domain == want || strings.HasSuffix(domain, "."+want))) {
				return line
			}
		}
	}
	return ""
}

// blockList gives the lines as they are compared, and the first that is neither an address nor a domain.
func blockList(lines []string) (list []string, bad string) {
	for _, line := range lines {
		if line = strings.ToLower(strings.TrimSpace(line)); line == "" {
			continue
		}
		addr, ok := line, false
		if strings.HasPrefix(line, "@") {
			addr, ok = normal("x" + line)
			addr = strings.TrimPrefix(addr, "x")
			ok = ok && strings.Count(addr, "@") == 1
		} else {
			addr, ok = normal(line)
		}
		if !ok {
			return nil, line
		}
		list = append(list, addr)
	}
	return list, ""
}

var (
	scl       = regexp.MustCompile(`(?i)(?:^|[;\s])SCL:\s*(\d)`)
	dmarcFail = regexp.MustCompile(`(?i)\bdmarc\s*=\s*fail\b([^;]*)`)
	noPolicy  = regexp.MustCompile(`(?i)\bp\s*=\s*none\b|policy\.published-domain-policy\s*=\s*none|\bdis\s*=\s*none\b`)
)

// spam says why the mail is taken for spam, by what servers on its way wrote into its header; "" when it is not. Senders can
// write there too, so nothing in it is taken as a word for a mail, only against it. authserv is our own server's name in
// Authentication-Results; results of others are not looked at, and none without it.
func spam(h textproto.Header, authserv string) string {
	for _, k := range []string{"X-Spam-Flag", "X-Spam", "X-Barracuda-Spam-Flag", "X-Spam-Flag2"} {
		for _, v := range h.Values(k) {
			if v = token(v); v == "yes" || v == "true" {
				return "marked as spam by the mail server"
			}
		}
	}
	for _, v := range h.Values("X-Spam-Status") {
		if yes := strings.ToLower(strings.TrimSpace(v)); strings.HasPrefix(yes, "yes") {
			return "marked as spam by the mail server"
		}
	}
	for _, v := range append(h.Values("X-MS-Exchange-Organization-SCL"), h.Values("X-Forefront-Antispam-Report")...) {
		level, err := strconv.Atoi(strings.TrimSpace(v))
		if m := scl.FindStringSubmatch(v); err != nil && m != nil {
			level, err = strconv.Atoi(m[1])
		}
		if err == nil && level >= 5 && level <= 9 {
			return fmt.Sprintf("marked as spam by the mail server (SCL %d)", level)
		}
	}
	if authserv = strings.ToLower(strings.TrimSpace(authserv)); authserv == "" {
		return ""
	}
	for _, v := range h.Values("Authentication-Results") {
		id, results, _ := strings.Cut(v, ";")
		fields := strings.Fields(strings.ToLower(id))
		if len(fields) == 0 || fields[0] != authserv {
			continue
		}
		for _, m := range dmarcFail.FindAllStringSubmatch(results, 10) {
			if !noPolicy.MatchString(m[1]) {
				return "its sender's address is not proved (DMARC)"
			}
		}
	}
	return ""
}
