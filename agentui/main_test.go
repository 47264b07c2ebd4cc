package agentui

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain also sees that nothing is left running when every hub has stopped.
func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	ours := goleak.IgnoreAnyFunction("tamas/internal/testenv.(*Server).start.func1") // PostgreSQL is left to end with us
	err := goleak.Find(ours)
	for end := time.Now().Add(patience); err != nil && time.Now().Before(end); { // it gives up after a second by itself
		err = goleak.Find(ours)
	}
	if err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
