package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"tamas/inbox/record"
)

// clerk works at the customer record by the API while all else goes on: logs calls, merges whoever writes, undoes merges, splits, erases, imports and takes
// imports back. Who is erased, and what is taken back, nobody else knows.
type clerk struct {
	api  *api
	name string

	n         int
	customers []string // made by the clerk
	merges    []string
	imports   []string

	mu   sync.Mutex
	done map[string]int // by what: that stood; of those refused "… refused"
}

func newClerk(c *cluster, name string) *clerk {
	return &clerk{api: newAPI(c.hubs, nil), name: name, done: map[string]int{}}
}

// run works until ctx ends.
func (k *clerk) run(ctx context.Context) {
	works := []struct {
		name string
		do   func(context.Context) error
	}{{"calls", k.call}, {"calls", k.call}, {"customers", k.add}, {"customers", k.add}, {"merges", k.merge}, {"merges", k.merge}, {"merges undone", k.undo}, {"splits", k.split},
		{"erasures", k.erase}, {"imports", k.imported}, {"imports undone", k.takeBack}, {"organisations", k.firm}}
	for ctx.Err() == nil {
		w := works[rand.IntN(len(works))]
		err := w.do(ctx)
		var refused *apiError
		switch {
		case errors.Is(err, errIdle):
			continue
		case errors.As(err, &refused): // nothing stands that was there a moment ago
			k.count(w.name + " refused")
		case err == nil:
			k.count(w.name)
		}
		_ = pause(ctx, rand.N(60*time.Millisecond))
	}
}

var errIdle = errors.New("there is nothing to do it to")

func (k *clerk) count(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.done[what]++
}

// any picks one; take takes it out.
func (k *clerk) any(list []string) (string, error) {
	if len(list) == 0 {
		return "", errIdle
	}
	return list[rand.IntN(len(list))], nil
}

func take(list *[]string) (string, error) {
	if len(*list) == 0 {
		return "", errIdle
	}
	i := rand.IntN(len(*list))
	one := (*list)[i]
	*list = append((*list)[:i], (*list)[i+1:]...)
	return one, nil
}

func (k *clerk) phone(i int) string { return fmt.Sprintf("+98935%s%05d", k.name, i%100_000) }

func (k *clerk) call(ctx context.Context) error {
	k.n++
	return k.api.call(ctx, "POST", "/touches", "", map[string]any{"id": fmt.Sprint(k.n), "source": "chaos" + k.name, "kind": "call", "text": fmt.Sprintf("a call %s-%d", k.name, k.n),
		"customer": map[string]string{"phone": k.phone(rand.IntN(k.n)), "name": fmt.Sprintf("Somebody %d", k.n)}}, nil)
}

func (k *clerk) add(ctx context.Context) error {
	k.n++
	var c struct{ ID string }
	err := k.api.call(ctx, "POST", "/customers", "", map[string]any{"name": fmt.Sprintf("Person %s-%d", k.name, k.n), "identities": []map[string]string{
		{"channel": "email", "address": fmt.Sprintf("p%d.%s@chaos.example", k.n, k.name)}, {"channel": "phone", "address": k.phone(k.n)}}}, &c)
	if err == nil {
		k.customers = append(k.customers, c.ID)
	}
	return err
}

// merge merges two of the clerk's own, or somebody of the clerk's into a customer who writes.
func (k *clerk) merge(ctx context.Context) error {
	from, err := k.any(k.customers)
	if err != nil {
		return err
	}
	into, _ := k.any(k.customers)
	if rand.IntN(2) == 0 {
		var list struct {
			Items []struct{ Customer struct{ ID string } }
		}
		if err := k.api.call(ctx, "GET", "/customers?limit=50", "", nil, &list); err != nil {
			return err
		}
		if len(list.Items) > 0 {
			writes := list.Items[rand.IntN(len(list.Items))].Customer.ID
			if into = writes; rand.IntN(2) == 0 {
				from, into = into, from
			}
		}
	}
	if from == into {
		return errIdle
	}
	var m struct{ Merge struct{ ID string } }
	if err = k.api.call(ctx, "POST", "/customers/"+into+"/merge", "", map[string]any{"from": from, "reason": "chaos"}, &m); err == nil {
		k.merges = append(k.merges, m.Merge.ID)
	}
	return err
}

func (k *clerk) undo(ctx context.Context) error {
	m, err := take(&k.merges)
	if err != nil {
		return err
	}
	return k.api.call(ctx, "POST", "/merges/"+m+"/undo", "", map[string]any{"move": []string{}}, nil)
}

type shown struct {
	Customer   struct{ ID string }
	Identities []struct{ ID, Channel string }
}

// look reads one of the customers.
func (k *clerk) look(ctx context.Context) (c shown, err error) {
	id, err := k.any(k.customers)
	if err == nil {
		err = k.api.call(ctx, "GET", "/customers/"+id, "", nil, &c)
	}
	return c, err
}

func (k *clerk) split(ctx context.Context) error {
	c, err := k.look(ctx)
	if err != nil {
		return err
	}
	if len(c.Identities) < 2 {
		return errIdle
	}
	return k.api.call(ctx, "POST", "/customers/"+c.Customer.ID+"/split", "", map[string]any{"identities": []string{c.Identities[rand.IntN(len(c.Identities))].ID}, "name": "Split", "evidence": "chaos"}, nil)
}

// erase erases one with whom nobody is who writes: their messages have to stay for the judgement.
func (k *clerk) erase(ctx context.Context) error {
	c, err := k.look(ctx)
	if err != nil {
		return err
	}
	for _, i := range c.Identities {
		if i.Channel != "email" && i.Channel != "phone" {
			return errIdle
		}
	}
	return k.api.call(ctx, "POST", "/customers/"+c.Customer.ID+"/erase", "", map[string]string{"reason": "chaos"}, nil)
}

func (k *clerk) imported(ctx context.Context) error {
	k.n++
	of, text := "customers", strings.Builder{}
	text.WriteString("name,mobile,city\n")
	for i := range 200 {
		fmt.Fprintf(&text, "Imported %d,%s,City %d\n", i, k.phone(k.n+i), k.n)
	}
	if rand.IntN(2) == 0 {
		of = "touches"
		text.Reset()
		text.WriteString("id,kind,phone,text\n")
		for i := range 400 {
			fmt.Fprintf(&text, "%s-%d-%d,call,%s,call %d\n", k.name, k.n, i, k.phone(k.n+i%60), i)
		}
	}
	var i struct{ ID string }
	if err := k.send(ctx, fmt.Sprintf("/imports?of=%s&name=%s-%d.csv", of, k.name, k.n), text.String(), &i); err != nil {
		return err
	}
	k.imports = append(k.imports, i.ID)
	return k.api.call(ctx, "POST", "/imports/"+i.ID+"/run", "", map[string]any{}, nil)
}

// takeBack undoes an import, which may be under way: then it is refused.
func (k *clerk) takeBack(ctx context.Context) error {
	id, err := k.any(k.imports)
	if err != nil {
		return err
	}
	return k.api.call(ctx, "POST", "/imports/"+id+"/undo", "", map[string]any{}, nil)
}

func (k *clerk) firm(ctx context.Context) error {
	k.n++
	var o struct{ ID string }
	if err := k.api.call(ctx, "POST", "/organisations", "", map[string]string{"name": fmt.Sprintf("Firm %s-%d", k.name, k.n)}, &o); err != nil {
		return err
	}
	if who, err := k.any(k.customers); err == nil {
		if err := k.api.call(ctx, "PUT", "/organisations/"+o.ID+"/members/"+who, "", map[string]string{"role": "buyer"}, nil); err != nil {
			return err
		}
	}
	if rand.IntN(2) == 0 {
		return k.api.call(ctx, "DELETE", "/organisations/"+o.ID, "", nil, nil)
	}
	return nil
}

// send posts a file.
func (k *clerk) send(ctx context.Context, path, text string, out any) error {
	for {
		h := k.api.hubs[rand.IntN(len(k.api.hubs))]
		err := k.api.file(ctx, h, path, text, out)
		if err == nil || !again(err) {
			return err
		}
		if pause(ctx, 200*time.Millisecond) != nil {
			return err
		}
	}
}

// file posts a file to one hub.
func (a *api) file(ctx context.Context, to *hub, path, text string, out any) error {
	req, err := http.NewRequestWithContext(ctx, "POST", to.url()+"/api/v1"+path, bytes.NewReader([]byte(text)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/csv")
	return a.do(req, out)
}

// contradictions are what `tamas check` would find in the end.
func contradictions(ctx context.Context, address string) (list []violation, err error) {
	db, err := record.OpenReadOnly(ctx, address)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	flaws, err := db.Check(ctx)
	for _, f := range flaws {
		list = append(list, violation{"the record", fmt.Sprintf("%d %s", f.Count, f.What), f.Example})
	}
	return list, err
}
