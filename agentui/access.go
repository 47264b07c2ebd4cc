package agentui

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

const (
	seenAgain = 10 * time.Minute // who looks again within it is not noted again
	seenFlush = time.Second
	maxSeen   = 20_000 // waiting to be written; beyond it the oldest are given up, and said so
)

// sightings gathers who opens whose record, so that reading waits for no write.
type sightings struct {
	mu      sync.Mutex
	last    map[[3]string]record.Millis // customer, user, how
	waiting []record.Seen
}

// note remembers that somebody has looked at the records of customers: of one and all who were merged into it.
func (x *sightings) note(now record.Millis, user, how string, customers ...string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.last == nil || len(x.last) > 5*maxSeen {
		x.last = map[[3]string]record.Millis{}
	}
	for _, c := range customers {
		k := [3]string{c, user, how}
		if at, ok := x.last[k]; ok && now-at < record.Millis(seenAgain.Milliseconds()) {
			continue
		}
		x.last[k] = now
		x.waiting = append(x.waiting, record.Seen{Customer: c, User: user, At: now, How: how})
	}
}

// take gives what waits.
func (x *sightings) take() []record.Seen {
	x.mu.Lock()
	defer x.mu.Unlock()
	list := x.waiting
	x.waiting = nil
	return list
}

// back puts what could not be written before what came meanwhile, and tells how many had to be given up.
func (x *sightings) back(list []record.Seen) (lost int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.waiting = append(list, x.waiting...)
	lost = max(len(x.waiting)-maxSeen, 0)
	x.waiting = x.waiting[lost:]
	return lost
}

// saw notes that the caller has opened a customer's record.
func (s *Server) saw(c echo.Context, page *record.CustomerPage) {
	ids := []string{page.Customer.ID}
	for _, m := range page.Merged {
		ids = append(ids, m.ID)
	}
	s.looked(c, record.SeenPage, ids...)
}

// looked notes that the caller has looked at the records of customers.
func (s *Server) looked(c echo.Context, how string, customers ...string) {
	who := principalOf(c)
	if who.Token != "" {
		how = record.SeenToken
	}
	s.seen.note(s.hub.Now(), who.User.ID, how, customers...)
}

// looks is for what shows a part of the record of the customer in the path: whoever asks for it has seen the record.
func (s *Server) looks(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err == nil {
			s.looked(c, record.SeenPage, c.Param("id"))
		}
		return err
	}
}

// writeSeen writes what was seen, every second and once more at the end.
func (s *Server) writeSeen(ctx context.Context) {
	tick := time.NewTicker(seenFlush)
	defer tick.Stop()
	for over := false; !over; {
		select {
		case <-ctx.Done():
			over = true
		case <-tick.C:
		}
		list := s.seen.take()
		if len(list) == 0 {
			continue
		}
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		err := s.db.NoteSeen(within, list)
		cancel()
		if err != nil {
			lost := s.seen.back(list)
			s.log.Warn("who has opened which record could not be noted", "waiting", len(list), "lost", lost, "err", err)
		}
	}
}

// getAccess lists who has seen or changed a customer's record.
func (s *Server) getAccess(c echo.Context) error {
	id, err := rowID(c, "customer")
	if err != nil {
		return err
	}
	limit, err := queryInt(c, "limit", pageSize, 1, maxPage)
	if err != nil {
		return err
	}
	var before int64
	if v := c.QueryParam("before"); v != "" {
		if before, err = strconv.ParseInt(v, 10, 64); err != nil || before < 1 {
			return invalid("before", "before must be a time in milliseconds.")
		}
	}
	list, next, err := s.db.AccessOf(c.Request().Context(), id, record.Millis(before), limit)
	if err != nil {
		return missing(err, "customer")
	}
	out := struct {
		Items []record.Access `json:"items"`
		Next  string          `json:"next"`
	}{listOf(list).Items, ""}
	if next != 0 {
		out.Next = strconv.FormatInt(int64(next), 10)
	}
	return c.JSON(http.StatusOK, out)
}

// during gives an entry of the audit the time of the change that it is of.
func during(at record.Millis, note record.Note) record.Note {
	return func() (*record.Changed, error) {
		c, err := note()
		if c != nil {
			c.At = at
		}
		return c, err
	}
}
