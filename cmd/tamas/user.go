package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"tamas/agentui"
	"tamas/inbox/record"
)

// userCommand is `tamas user add`. It writes the record directly, so it also works while the hub is stopped; a
// running one sees the new user within seconds.
func userCommand(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	if len(args) > 0 && asksForHelp(args[0]) {
		args = []string{"add", "--help"}
	}
	if len(args) == 0 || args[0] != "add" {
		return errors.New("usage: tamas user add --email ann@example.com --name Ann --role agent; the password is read from standard input, or from --password-file")
	}
	var email, name, role, file, locale string
	capacity := 0
	cfg, rest, err := parse("tamas user add", args[1:], environ, errOut, func(f *flag.FlagSet) {
		f.StringVar(&email, "email", "", "`email` to sign in with")
		f.StringVar(&name, "name", "", "`name` as colleagues see it")
		f.StringVar(&role, "role", record.RoleAgent, "agent, supervisor or admin")
		f.StringVar(&locale, "locale", "en", "en or fa")
		f.IntVar(&capacity, "capacity", 5, "capacity `units`")
		f.StringVar(&file, "password-file", "", "`file` with the password; empty: standard input")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%q is not understood", rest[0])
	}
	if !strings.Contains(email, "@") {
		return errors.New("--email is missing")
	}
	if name = strings.TrimSpace(name); name == "" {
		return errors.New("--name is missing")
	}
	if role != record.RoleAgent && role != record.RoleSupervisor && role != record.RoleAdmin {
		return fmt.Errorf("--role %q is not agent, supervisor or admin", role)
	}
	if locale != "en" && locale != "fa" {
		return fmt.Errorf("--locale %q is not en or fa", locale)
	}
	if capacity < 1 || capacity > 1000 {
		return errors.New("--capacity is from 1 to 1000")
	}
	in := io.Reader(os.Stdin)
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("--password-file: %w", err)
		}
		defer f.Close()
		in = f
	} else {
		fmt.Fprint(errOut, "Password: ")
	}
	password, err := bufio.NewReader(io.LimitReader(in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the password: %w", err)
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return fmt.Errorf("the data folder: %w", err)
	}
	db, err := record.Open(ctx, cfg.database())
	if err != nil {
		return err
	}
	defer db.Close()
	u, err := addUser(ctx, db, record.User{Email: email, Name: name, Role: role, Locale: locale, Capacity: capacity}, strings.TrimRight(password, "\r\n"))
	if errors.Is(err, record.ErrTaken) {
		return fmt.Errorf("there is a user with the email %s already", email)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s %s can sign in now.\n", u.Role, u.Email)
	return nil
}

// addUser stores a user, and in every queue that there is: a small firm's agents serve all.
func addUser(ctx context.Context, db *record.DB, u record.User, password string) (record.User, error) {
	if err := agentui.ValidPassword(password); err != nil {
		return u, err
	}
	hash, err := agentui.HashPassword(password)
	if err != nil {
		return u, err
	}
	u.CreatedAt = record.At(time.Now())
	if u, err = db.AddUser(ctx, u, hash); err != nil {
		return u, err
	}
	queues, err := db.Queues(ctx)
	if err != nil {
		return u, err
	}
	for _, q := range queues {
		if !q.Archived {
			q.Members = append(q.Members, u.ID)
			if _, err := db.EditQueue(ctx, q); err != nil {
				return u, fmt.Errorf("add to the queue %s: %w", q.Name, err)
			}
		}
	}
	return u, nil
}

// firstAdmin makes the admin whom the configuration names, when there is no user yet.
func (a *app) firstAdmin(ctx context.Context) error {
	if a.cfg.AdminEmail == "" {
		return nil
	}
	needed, err := a.db.SetupNeeded(ctx)
	if err != nil || !needed {
		return err
	}
	name := a.cfg.AdminName
	if name == "" {
		name, _, _ = strings.Cut(a.cfg.AdminEmail, "@")
	}
	if _, err := a.db.AddQueue(ctx, record.Queue{Name: "General", Mode: "offer", OfferSeconds: 30, TargetSecs: 60, Members: []string{}}); err != nil {
		return fmt.Errorf("the first queue: %w", err)
	}
	_, err = addUser(ctx, a.db, record.User{Email: a.cfg.AdminEmail, Name: name, Role: record.RoleAdmin, Locale: "en", Capacity: 5}, a.cfg.AdminPassword)
	if errors.Is(err, record.ErrTaken) {
		return nil // another node was first
	}
	if err != nil {
		return fmt.Errorf("the first admin: %w", err)
	}
	return a.hub.SettingsChanged(ctx, "users")
}
