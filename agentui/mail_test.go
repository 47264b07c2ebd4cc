package agentui

import (
	"strings"
	"testing"

	"tamas/channels"
	"tamas/inbox/record"
)

// Remote pictures are fetched only when that is asked for; the mail's own are the message's files.
func TestMailBody(t *testing.T) {
	files := []channels.File{{Name: "a.pdf", Blob: "x"}, {Name: "logo.png", CID: "logo@1", Blob: "y"}, {CID: "gone@1", Missing: "too large"}}
	source := `<p>سلام</p><img src="cid:logo@1" alt="logo"><img src="cid:gone@1"><img src="https://t.example/p.gif?id=7" width="1"><img src="//t.example/q.gif" srcset="https://t.example/big.gif 2x">` +
		`<img src="data:image/png;base64,AAAA"><img src="javascript:alert(1)"><a href="https://shop.example/">shop</a>`
	blocked, err := mailBody(source, "t1", files, false)
	must(t, err)
	if strings.Contains(blocked, "t.example") || strings.Contains(blocked, "javascript") || !strings.Contains(blocked, `src="/api/v1/files/t1/1"`) ||
		!strings.Contains(blocked, "data:image/png") || !strings.Contains(blocked, `rel="noopener noreferrer nofollow"`) {
		t.Errorf("blocked: %s", blocked)
	}
	if n := strings.Count(blocked, "tamas-blocked"); n != 4 {
		t.Errorf("%d pictures are said to be blocked: %s", n, blocked)
	}
	shown, err := mailBody(source, "t1", files, true)
	must(t, err)
	if !strings.Contains(shown, `src="https://t.example/p.gif?id=7"`) || strings.Contains(shown, "srcset") || strings.Contains(shown, "javascript") {
		t.Errorf("shown: %s", shown)
	}
	if n := (&record.Body{HTML: source}).Light().RemoteImages; n != 2 {
		t.Errorf("%d remote pictures", n)
	}
}

// A message's HTML is a document that runs nothing, for our own frames only.
func TestHTMLDocument(t *testing.T) {
	r := boot(t)
	c := r.says("reza", `html:<p>Hi</p><div class="tamas-quote">old</div><img src="https://t.example/p.gif">`)
	leyla := r.as("leyla")
	var d struct {
		Touches []struct {
			ID   string
			Body struct {
				HTML         string
				HasHTML      bool `json:"has_html"`
				RemoteImages int  `json:"remote_images"`
			}
		}
	}
	leyla.ok("GET", "/conversations/"+c.ID, nil, &d)
	x := d.Touches[0]
	if x.Body.HTML != "" || !x.Body.HasHTML || x.Body.RemoteImages != 1 {
		t.Errorf("in the list: %+v", x.Body)
	}
	got := leyla.call("GET", "/touches/"+x.ID+"/html", nil)
	p := got.header.Get("Content-Security-Policy")
	if got.status != 200 || strings.Contains(string(got.body), "t.example") || !strings.Contains(p, "sandbox allow-popups") || strings.Contains(p, "allow-scripts") ||
		!strings.Contains(p, "default-src 'none'") || strings.Contains(p, "https:") || got.header.Get("X-Frame-Options") != "SAMEORIGIN" {
		t.Errorf("%d %s %s", got.status, p, got.body)
	}
	got = leyla.call("GET", "/touches/"+x.ID+"/html?images=1&quotes=0", nil)
	if !strings.Contains(string(got.body), "t.example") || !strings.Contains(got.header.Get("Content-Security-Policy"), "img-src 'self' data: https: http:;") ||
		!strings.Contains(string(got.body), ".tamas-quote,.tamas-signature{display:none}") {
		t.Errorf("with pictures: %s", got.body)
	}
	r.browser().refused(401, codeSignedOut, "", "GET", "/touches/"+x.ID+"/html", nil)
	plain := r.says("omid", "no html")
	leyla.ok("GET", "/conversations/"+plain.ID, nil, &d)
	leyla.refused(404, codeNotFound, "", "GET", "/touches/"+d.Touches[0].ID+"/html", nil)
}
