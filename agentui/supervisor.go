package agentui

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tamas/inbox/record"
)

func (s *Server) getSupervisor(c echo.Context) error {
	ctx := c.Request().Context()
	firm, err := s.firm(ctx)
	if err != nil {
		return err
	}
	v := supervisorView{figuresView: figuresView{Queues: []queueView{}, Agents: []agentView{}, Flags: []askView{}, Reviews: []askView{}, Since: record.At(firm.dayStart(s.hub.Now().Time()))}}
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
			v.Agents = append(v.Agents, agentView{User: userRef{u.ID, u.Name}, Agent: a, Capacity: u.Capacity, Used: a.Used(), ByChannel: map[string]int{}, Today: todayView{States: map[record.AgentState]record.Millis{}}})
		}
	}
	for _, f := range figures.Queues {
		row, ok := rows[f.Queue]
		if !ok {
			continue // made after the rows were read
		}
		q := queueView{ID: row.ID, Queue: &row, Waiting: f.Waiting, LongestSince: f.LongestWaitSince, Active: f.Active,
			Snoozed: f.Snoozed, Answered: f.AnsweredToday, InTarget: f.InTargetToday, Open: true, Agents: map[record.AgentState]int{}}
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
