package signed

import (
	"errors"
	"testing"
	"time"
)

func TestVerify(t *testing.T) {
	// printf '1767225600.{"a":1}' | openssl dgst -sha256 -hmac a-secret-of-both
	const known = "t=1767225600,v1=46f150d8ac53858dce67f2dc5c80baa261dc811a7bd457a4e44a4b5174a3a27e"
	at := time.Unix(1767225600, 0)
	body := []byte(`{"a":1}`)
	if got := Sign("a-secret-of-both", at, body); got != known {
		t.Errorf("signed %s, openssl says %s", got, known)
	}
	for _, c := range []struct {
		name, header string
		now          time.Time
		secrets      []string
		want         error
	}{
		{"right", known, at, []string{"a-secret-of-both"}, nil},
		{"the old secret", known, at, []string{"another", "a-secret-of-both"}, nil},
		{"no old secret", known, at, []string{"another", ""}, ErrWrong},
		{"by nothing", Sign("", at, body), at, []string{"another", ""}, ErrWrong},
		{"late", known, at.Add(Window + time.Second), []string{"a-secret-of-both"}, ErrStale},
		{"just in time", known, at.Add(Window), []string{"a-secret-of-both"}, nil},
		{"early", known, at.Add(-Window - time.Second), []string{"a-secret-of-both"}, ErrStale},
		{"another time", "t=1767225601" + known[12:], at, []string{"a-secret-of-both"}, ErrWrong},
		{"nothing", "", at, []string{"a-secret-of-both"}, ErrShape},
		{"junk", "t=x,v1=y", at, []string{"a-secret-of-both"}, ErrShape},
	} {
		if err := Verify(c.header, c.now, body, c.secrets...); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("t=1,v1=00", []byte("{}"))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if Verify(header, time.Now(), body, "a-secret-of-both") == nil {
			t.Fatalf("a signature out of thin air: %q", header)
		}
	})
}
