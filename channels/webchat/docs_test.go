package webchat

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// What the documentation tells sites to write on their servers works, in each language that is installed here.
func TestDocumentedIdentity(t *testing.T) {
	b, err := os.ReadFile("../../docs/channels.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(b), "## Web chat\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for lang, run := range map[string]struct{ command, flag, call string }{
		"js":     {"node", "-e", "process.stdout.write(identity({ id: '7', name: 'سارا', email: 'sara@x.example' }, process.env.SECRET))"},
		"php":    {"php", "-r", "echo identity(['id' => '7', 'name' => 'سارا', 'email' => 'sara@x.example'], getenv('SECRET'));"},
		"python": {"python3", "-c", "import os\nprint(identity({'id': '7', 'name': 'سارا', 'email': 'sara@x.example'}, os.environ['SECRET']), end='')"},
	} {
		code := regexp.MustCompile("(?s)```" + lang + "\n(.*?)```").FindStringSubmatch(section)
		if code == nil {
			t.Errorf("no example in %s", lang)
			continue
		}
		if _, err := exec.LookPath(run.command); err != nil {
			t.Logf("%s is not installed", run.command)
			continue
		}
		cmd := exec.Command(run.command, run.flag, code[1]+"\n"+run.call)
		cmd.Env = append(os.Environ(), "SECRET="+siteSecret)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", lang, err, out)
			continue
		}
		p, err := proof{Identity: string(out)}.verify(siteSecret, time.Now())
		if err != nil || p.ID != "7" || p.Name != "سارا" || p.Email != "sara@x.example" {
			t.Errorf("%s: %+v %v of %s", lang, p, err, out)
		}
	}
}
