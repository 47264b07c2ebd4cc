package agentui

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestPassword(t *testing.T) {
	h := newHasher(1, 1)
	ctx := context.Background()
	hash, err := h.hash(ctx, "correct horse battery")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%q, %v", hash, err)
	}
	again, _ := h.hash(ctx, "correct horse battery")
	if again == hash {
		t.Error("two hashes of one password are the same: no salt")
	}
	for _, c := range []struct {
		hash, password string
		want           bool
	}{
		{hash, "correct horse battery", true},
		{hash, "correct horse batterx", false},
		{hash, "", false},
		{"", "anything", false},
		{"$argon2id$v=19$m=4294967295,t=2,p=1$AAAA$AAAA", "x", false}, // costs out of bounds
		{"$argon2id$v=19$m=19456,t=2,p=1$!$!", "x", false},
		{"plain", "plain", false},
	} {
		if ok, err := h.check(ctx, c.hash, c.password); err != nil || ok != c.want {
			t.Errorf("%q with %q: %v, %v", c.hash, c.password, ok, err)
		}
	}
}

// TestHasherBounds: one hashes, one waits, the third is told to come later.
func TestHasherBounds(t *testing.T) {
	h := newHasher(1, 1)
	running, release := make(chan struct{}), make(chan struct{})
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		first <- h.run(context.Background(), func() { close(running); <-release })
	}()
	<-running
	ctx, cancel := context.WithCancel(context.Background())
	go func() { second <- h.run(ctx, func() { t.Error("the second ran") }) }()
	for len(h.waiting) < 2 {
		if len(second) > 0 {
			t.Fatalf("the second did not wait: %v", <-second)
		}
	}
	if err := h.run(context.Background(), func() {}); !errors.Is(err, errBusy) {
		t.Errorf("the third: %v", err)
	}
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("the second: %v", err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Errorf("the first: %v", err)
	}
}
