package agentui

import (
	"fmt"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	l := newLimiter(10*time.Second, 3, 2)
	now := time.Unix(1000, 0)
	for i := range 3 {
		if _, ok := l.take("a", now); !ok {
			t.Fatalf("attempt %d refused", i)
		}
	}
	wait, ok := l.take("a", now)
	if ok || wait <= 9*time.Second || wait > 10*time.Second {
		t.Fatalf("a fourth attempt: %v, %v", wait, ok)
	}
	if _, ok := l.take("b", now); !ok {
		t.Fatal("another key is refused")
	}
	if _, ok := l.take("a", now.Add(10*time.Second)); !ok {
		t.Fatal("refused after its wait")
	}
	l.forget("a")
	if _, ok := l.take("a", now.Add(10*time.Second)); !ok {
		t.Fatal("refused after it was forgiven")
	}
	for i := range 100 {
		l.take(fmt.Sprint(i), now)
	}
	if len(l.keys) != 2 || l.used.Len() != 2 {
		t.Fatalf("%d keys are remembered, not 2", len(l.keys))
	}
}
