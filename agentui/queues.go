package agentui

import (
	"context"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"tamas/inbox"
	"tamas/inbox/record"
)

// queueChange is what may be set of a queue; what is left out stays.
type queueChange struct {
	Name       *string   `json:"name"`
	Mode       *string   `json:"mode"`
	OfferSecs  *int      `json:"offer_seconds"`
	TargetSecs *int      `json:"target_seconds"`
	WrapUpSecs *int      `json:"wrap_up_seconds"`
	Priority   *int      `json:"priority"`
	Members    *[]string `json:"members"`
	Signature  *string   `json:"signature"`

	Routing *record.Routing `json:"routing"` // whole

	Version *int64 `json:"version"`
}

func (in *queueChange) apply(q *record.Queue, set *inbox.Settings) error {
	if err := setText("name", &q.Name, in.Name, 1, 120, false); err != nil {
		return err
	}
	if in.Mode != nil {
		if err := choice("mode", *in.Mode, "push", "offer", "pull"); err != nil {
			return err
		}
		q.Mode = *in.Mode
	}
	if err := setNumber("offer_seconds", &q.OfferSeconds, in.OfferSecs, 5, 600); err != nil {
		return err
	}
	if err := setNumber("target_seconds", &q.TargetSecs, in.TargetSecs, 0, 7*24*3600); err != nil {
		return err
	}
	if err := setNumber("wrap_up_seconds", &q.WrapUpSecs, in.WrapUpSecs, 0, 3600); err != nil {
		return err
	}
	if err := setNumber("priority", &q.Priority, in.Priority, 0, 7*24*60); err != nil {
		return err
	}
	if err := setText("signature", &q.Signature, in.Signature, 0, 2000, true); err != nil {
		return err
	}
	if in.Routing != nil {
		if err := checkRouting(q.ID, in.Routing, set); err != nil {
			return err
		}
		q.Routing = *in.Routing
	}
	if in.Members == nil {
		return nil
	}
	if len(*in.Members) > 5000 {
		return invalid("members", "A queue has at most 5,000 members.")
	}
	q.Members = []string{}
	for _, id := range *in.Members {
		if _, ok := set.Users[id]; !ok {
			return invalid("members", "One of the members does not exist.")
		}
		if !slices.Contains(q.Members, id) {
			q.Members = append(q.Members, id)
		}
	}
	return nil
}

func defaultQueue() record.Queue {
	return record.Queue{Mode: "offer", OfferSeconds: 30, TargetSecs: 60, Members: []string{}}
}

func (s *Server) listQueues(c echo.Context) error {
	rows, err := s.db.Queues(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, listOf(slices.DeleteFunc(rows, func(q record.Queue) bool { return q.Archived })))
}

func (s *Server) getQueue(c echo.Context) error {
	q, err := s.queue(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, q)
}

func (s *Server) postQueue(c echo.Context) error {
	in, err := decode[queueChange](c)
	if err != nil {
		return err
	}
	if in.Version != nil {
		return invalid("version", "A new queue has no version yet.")
	}
	q := defaultQueue()
	if in.Name == nil {
		in.Name = new(string)
	}
	if err := in.apply(&q, s.hub.Settings()); err != nil {
		return err
	}
	ctx := c.Request().Context()
	q.ID = record.NewID("q")
	if q, err = s.db.AddQueue(ctx, q, s.note(c, "queue.create", q.ID, nil, q)); err != nil {
		return err
	}
	s.tellSettings(ctx, topicQueues)
	return c.JSON(http.StatusCreated, q)
}

func (s *Server) patchQueue(c echo.Context) error {
	in, err := decode[queueChange](c)
	if err != nil {
		return err
	}
	if err := needVersion(in.Version); err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.Param("id")
	q, err := s.queue(ctx, id)
	if err != nil {
		return err
	}
	before := q
	if err := in.apply(&q, s.hub.Settings()); err != nil {
		return err
	}
	q.Version = *in.Version
	if q, err = s.db.EditQueue(ctx, q, s.note(c, "queue.change", id, before, q)); err != nil {
		return stale(err, "queue", func() (record.Queue, error) { return s.queue(ctx, id) })
	}
	s.tellSettings(ctx, topicQueues)
	return c.JSON(http.StatusOK, q)
}

// deleteQueue archives: conversations of old keep their queue's name. Nothing may be left waiting where nobody looks.
func (s *Server) deleteQueue(c echo.Context) error {
	version, err := queryVersion(c)
	if err != nil {
		return err
	}
	ctx, id := c.Request().Context(), c.Param("id")
	q, err := s.queue(ctx, id)
	if err != nil {
		return err
	}
	for _, a := range s.hub.Settings().Accounts {
		if a.Queue == id && !a.Archived {
			return &problem{Status: http.StatusConflict, Code: codeConflict, Message: "The account " + a.Name + " leads to this queue. Choose another one there first."}
		}
	}
	live, _ := s.hub.Live()
	for i := range live {
		if live[i].Queue == id && live[i].Open() {
			return &problem{Status: http.StatusConflict, Code: codeConflict, Message: "Conversations of this queue are still open."}
		}
	}
	note := s.note(c, "queue.archive", id, q, nil)
	q.Archived, q.Version = true, version
	if _, err = s.db.EditQueue(ctx, q, note); err != nil {
		return stale(err, "queue", func() (record.Queue, error) { return s.queue(ctx, id) })
	}
	s.tellSettings(ctx, topicQueues)
	return c.NoContent(http.StatusNoContent)
}

// queue reads a queue that is in use.
func (s *Server) queue(ctx context.Context, id string) (record.Queue, error) {
	q, err := s.db.Queue(ctx, id)
	if err == nil && q.Archived {
		err = record.ErrNotFound
	}
	return q, missing(err, "queue")
}
