package agentui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

// supervisorView is every queue and agent now. The app keeps it live with the events after At.
type supervisorView struct {
	Queues []queueView   `json:"queues"`
	Agents []agentView   `json:"agents"`
	Since  record.Millis `json:"since"` // when today began
	At     record.ID     `json:"at"`
}

type queueView struct {
	Queue        record.Queue              `json:"queue"`
	Waiting      int                       `json:"waiting"`
	LongestSince record.Millis             `json:"longest_wait_since"`
	Active       int                       `json:"active"`
	Snoozed      int                       `json:"snoozed"`
	Answered     int                       `json:"answered_today"`
	InTarget     int                       `json:"answered_in_target_today"`
	Agents       map[record.AgentState]int `json:"agents"` // members, by state
}

type agentView struct {
	User     userRef      `json:"user"`
	Agent    record.Agent `json:"agent"`
	Capacity int          `json:"capacity"`
	Used     int          `json:"used"`
}

type userRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (s *Server) getSupervisor(c echo.Context) error {
	ctx := c.Request().Context()
	firm, err := s.firm(ctx)
	if err != nil {
		return err
	}
	v := supervisorView{Queues: []queueView{}, Agents: []agentView{}, Since: record.At(firm.dayStart(s.hub.Now().Time()))}
	figures, err := s.db.Supervisor(ctx, v.Since)
	if err != nil {
		return err
	}
	v.At = figures.At
	states := map[string]record.Agent{}
	for _, a := range figures.Agents {
		states[a.ID] = a
	}
	users, err := s.db.Users(ctx)
	if err != nil {
		return err
	}
	queues, err := s.db.Queues(ctx)
	if err != nil {
		return err
	}
	rows := map[string]record.Queue{}
	member := map[string]bool{}
	for _, q := range queues {
		rows[q.ID] = q
		for _, id := range q.Members {
			member[id] = member[id] || !q.Archived
		}
	}
	active := map[string]record.User{}
	for _, u := range users {
		if u.Disabled {
			continue
		}
		active[u.ID] = u
		a, seen := states[u.ID]
		if !seen {
			a = record.Agent{ID: u.ID, State: record.Offline}
		}
		// Who serves no queue and never worked is no agent: an admin who only looks after settings.
		if member[u.ID] || len(a.Held) > 0 || a.State != record.Offline {
			v.Agents = append(v.Agents, agentView{userRef{u.ID, u.Name}, a, u.Capacity, a.Used()})
		}
	}
	for _, f := range figures.Queues {
		q := queueView{Queue: rows[f.Queue], Waiting: f.Waiting, LongestSince: f.LongestWaitSince, Active: f.Active,
			Snoozed: f.Snoozed, Answered: f.AnsweredToday, InTarget: f.InTargetToday, Agents: map[record.AgentState]int{}}
		if q.Queue.ID == "" {
			continue // made after the rows were read
		}
		for _, id := range q.Queue.Members {
			if _, ok := active[id]; !ok {
				continue
			}
			state := states[id].State
			if state == "" {
				state = record.Offline
			}
			q.Agents[state]++
		}
		v.Queues = append(v.Queues, q)
	}
	return c.JSON(http.StatusOK, v)
}
