package main

import (
	"io"
	"net"
	"sync"
	"time"
)

// proxy is a TCP relay that faults act on: one before Redis and one before PostgreSQL for each hub, so that a hub
// can be cut off alone. Cutting closes connections and refuses new ones; holding stops bytes on their way, as a network
// that drops packets does.
type proxy struct {
	ln   net.Listener
	wire func(*link) error // relays what the client says; nil: bytes as they come

	mu     sync.Mutex
	target string
	cut    bool
	closed bool
	links  map[*link]struct{}
	up     *gate // client to server
	down   *gate
	commit *commitTrap // armed by loseCommit
}

// link is one connection through a proxy.
type link struct {
	p              *proxy
	client, server net.Conn
	done           chan struct{}
	once           sync.Once

	mu   sync.Mutex
	trap *commitTrap // its COMMIT is on the way: the reply is to be lost
}

// gate lets bytes pass while it is open.
type gate struct {
	mu   sync.Mutex
	open chan struct{} // closed while bytes may pass
}

func newGate() *gate {
	g := &gate{open: make(chan struct{})}
	close(g.open)
	return g
}

func (g *gate) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.open:
		g.open = make(chan struct{})
	default:
	}
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.open:
	default:
		close(g.open)
	}
}

// pass waits until the gate is open; false: the link ended meanwhile.
func (g *gate) pass(done <-chan struct{}) bool {
	for {
		g.mu.Lock()
		open := g.open
		g.mu.Unlock()
		select {
		case <-done:
			return false
		case <-open:
			return true
		}
	}
}

// newProxy listens on a port of its own and relays to target until close.
func newProxy(target string, wire func(*link) error) (*proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{ln: ln, wire: wire, target: target, links: map[*link]struct{}{}, up: newGate(), down: newGate()}
	go p.accept()
	return p, nil
}

func (p *proxy) addr() string { return p.ln.Addr().String() }

func (p *proxy) accept() {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		go p.serve(c)
	}
}

func (p *proxy) serve(client net.Conn) {
	p.mu.Lock()
	target, refused := p.target, p.cut || p.closed
	p.mu.Unlock()
	if refused {
		reset(client)
		return
	}
	server, err := net.DialTimeout("tcp", target, 2*time.Second)
	if err != nil {
		reset(client)
		return
	}
	l := &link{p: p, client: client, server: server, done: make(chan struct{})}
	p.mu.Lock()
	if p.cut || p.closed || p.target != target {
		p.mu.Unlock()
		l.close()
		return
	}
	p.links[l] = struct{}{}
	p.mu.Unlock()

	go func() {
		defer l.close()
		l.answers()
	}()
	defer l.close()
	if p.wire != nil {
		_ = p.wire(l)
		return
	}
	l.relay(client, server, p.up)
}

// relay copies until either side ends.
func (l *link) relay(from io.Reader, to io.Writer, g *gate) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if n > 0 {
			if !g.pass(l.done) {
				return
			}
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// answers relays what the server says. The first answer after a trapped COMMIT is thrown away with the connection: by
// then the transaction is committed, and nobody hears so.
func (l *link) answers() {
	b := make([]byte, 32<<10)
	for {
		n, err := l.server.Read(b)
		if n > 0 {
			l.mu.Lock()
			trap := l.trap
			l.mu.Unlock()
			if trap != nil {
				trap.spring()
				return
			}
			if !l.p.down.pass(l.done) {
				return
			}
			if _, err := l.client.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (l *link) close() {
	l.once.Do(func() {
		close(l.done)
		reset(l.client)
		l.server.Close()
		l.p.mu.Lock()
		delete(l.p.links, l)
		l.p.mu.Unlock()
	})
}

// reset closes so that the other side notices at once.
func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		t.SetLinger(0)
	}
	c.Close()
}

// sever ends all connections; new ones are taken.
func (p *proxy) sever() {
	p.mu.Lock()
	list := make([]*link, 0, len(p.links))
	for l := range p.links {
		list = append(list, l)
	}
	p.mu.Unlock()
	for _, l := range list {
		l.close()
	}
}

// cutOff ends all connections and takes no new ones until join.
func (p *proxy) cutOff() {
	p.mu.Lock()
	p.cut = true
	p.mu.Unlock()
	p.sever()
}

func (p *proxy) join() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
}

// hold stops the bytes of both directions until release; connections stay.
func (p *proxy) hold()    { p.up.hold(); p.down.hold() }
func (p *proxy) release() { p.up.release(); p.down.release() }

// lead sends all connections to another server from now on.
func (p *proxy) lead(target string) {
	p.mu.Lock()
	p.target = target
	p.mu.Unlock()
	p.sever()
}

// heal undoes whatever a fault has set.
func (p *proxy) heal() {
	p.mu.Lock()
	p.cut, p.commit = false, nil
	p.mu.Unlock()
	p.release()
}

func (p *proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.ln.Close()
	p.sever()
}

func (p *proxy) targetOf() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.target
}
