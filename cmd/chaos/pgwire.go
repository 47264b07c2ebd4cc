package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync"
)

// commitTrap waits for one COMMIT; sprung tells that it ran and that its reply was thrown away.
type commitTrap struct {
	once   sync.Once
	sprung chan struct{}
}

func (t *commitTrap) spring() { t.once.Do(func() { close(t.sprung) }) }

// loseCommit arms the proxy: the reply to the next COMMIT through it is lost. The channel is closed when that has happened.
func (p *proxy) loseCommit() <-chan struct{} {
	t := &commitTrap{sprung: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.commit = t
	return t.sprung
}

// takeTrap gives the armed trap to the link whose COMMIT passes.
func (l *link) takeTrap() {
	l.p.mu.Lock()
	t := l.p.commit
	l.p.commit = nil
	l.p.mu.Unlock()
	if t != nil {
		l.mu.Lock()
		l.trap = t
		l.mu.Unlock()
	}
}

const (
	pgSSL     = 80877103
	pgCancel  = 80877102
	pgGSS     = 80877104
	pgLongest = 64 << 20 // of one message; longer ones end the link
)

var errLongMessage = errors.New("a message of PostgreSQL's protocol is too long")

// pgWire relays what a client says to PostgreSQL, message by message, and knows which of them commits: a
// simple query COMMIT, or the binding of a statement that was prepared from it.
func pgWire(l *link) error {
	in := bufio.NewReaderSize(l.client, 64<<10)
	out := bufio.NewWriterSize(l.server, 64<<10)
	send := func(b ...[]byte) error {
		if !l.p.up.pass(l.done) {
			return io.ErrClosedPipe
		}
		for _, x := range b {
			if _, err := out.Write(x); err != nil {
				return err
			}
		}
		if in.Buffered() > 0 {
			return nil
		}
		return out.Flush()
	}
	// The beginning has no type byte: [length][code]…; requests for encryption come before it.
	for {
		head := make([]byte, 8)
		if _, err := io.ReadFull(in, head); err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(head))
		if n < 8 || n > pgLongest {
			return errLongMessage
		}
		rest := make([]byte, n-8)
		if _, err := io.ReadFull(in, rest); err != nil {
			return err
		}
		if err := send(head, rest); err != nil {
			return err
		}
		switch binary.BigEndian.Uint32(head[4:]) {
		case pgSSL, pgGSS:
			continue
		case pgCancel:
			return nil
		}
		break
	}
	commits := map[string]bool{} // prepared statements that are COMMIT
	head := make([]byte, 5)
	for {
		if _, err := io.ReadFull(in, head); err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(head[1:]))
		if n < 4 || n > pgLongest {
			return errLongMessage
		}
		body := make([]byte, n-4)
		if _, err := io.ReadFull(in, body); err != nil {
			return err
		}
		if isCommit(head[0], body, commits) {
			l.takeTrap()
		}
		if err := send(head, body); err != nil {
			return err
		}
	}
}

// isCommit looks at one message and remembers what it prepares.
func isCommit(kind byte, body []byte, prepared map[string]bool) bool {
	first, rest, _ := bytes.Cut(body, []byte{0})
	switch kind {
	case 'Q':
		return says(first)
	case 'P': // name, query
		query, _, _ := bytes.Cut(rest, []byte{0})
		if says(query) {
			prepared[string(first)] = true
		} else {
			delete(prepared, string(first))
		}
	case 'B': // portal, name
		name, _, _ := bytes.Cut(rest, []byte{0})
		return prepared[string(name)]
	}
	return false
}

func says(query []byte) bool {
	return len(query) < 32 && strings.EqualFold(strings.Trim(string(query), " \t\n;"), "commit")
}
