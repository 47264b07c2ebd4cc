package agentui

import (
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"
)

// getLive makes a request into a live socket. It returns at once: an idle socket costs one goroutine and small buffers.
func (s *Server) getLive(c echo.Context) error {
	r := c.Request()
	if !websocket.IsWebSocketUpgrade(r) {
		return &problem{Status: http.StatusUpgradeRequired, Code: codeUnsupported, Message: "This address speaks WebSocket only."}
	}
	if !s.sameOrigin(r) {
		return crossSite()
	}
	from := c.QueryParam("from")
	if len(from) > 64 {
		return invalid("from", "from is no event id.")
	}
	door, refused := upgrader, error(nil)
	door.Error = func(_ http.ResponseWriter, _ *http.Request, status int, reason error) {
		refused = &problem{Status: status, Code: codeInvalid, Message: "This is not how a WebSocket begins.", Cause: reason}
	}
	conn, err := door.Upgrade(c.Response(), r, nil)
	if err != nil {
		return refused // nil: the connection was lost on the way
	}
	// What waits should wait in our queue, where it is bounded and can be dropped: behind megabytes in the
	// kernel a slow reader would not see its close code in time.
	if tcp, ok := conn.NetConn().(interface{ SetWriteBuffer(int) error }); ok {
		_ = tcp.SetWriteBuffer(sendBuffer)
	}
	who := principalOf(c)
	x := newSocket(conn, s.live, who)
	go func() {
		s.live.join(x, from, s.hub.Agent(who.User.ID))
		x.read()
	}()
	return nil
}

var upgrader = websocket.Upgrader{
	HandshakeTimeout: 5 * time.Second,
	ReadBufferSize:   512, // clients say little
	WriteBufferSize:  1024,
	WriteBufferPool:  &sync.Pool{},                             // pages bring their own bytes
	CheckOrigin:      func(*http.Request) bool { return true }, // sameOrigin has
}
