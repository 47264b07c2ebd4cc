package webchat

import (
	"strings"
	"sync"

	cdp "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// onWarning closes done when the page's console carries the widget's warning.
func onWarning(done chan struct{}) func(any) {
	var once sync.Once
	return func(ev any) {
		if e, ok := ev.(*cdp.EventConsoleAPICalled); ok && len(e.Args) > 0 && strings.Contains(string(e.Args[0].Value), "Tamas chat is not available") {
			once.Do(func() { close(done) })
		}
	}
}

// awaitPromise makes Evaluate wait for what a promise brings.
func awaitPromise(p *cdp.EvaluateParams) *cdp.EvaluateParams { return p.WithAwaitPromise(true) }

var _ chromedp.EvaluateOption = awaitPromise
