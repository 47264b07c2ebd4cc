package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// serve runs a hub until it is told to stop.
func serve(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	cfg, rest, err := parse("tamas", args, environ, errOut, nil)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("%q is not understood; `tamas help` lists what is", rest[0])
	}
	a, err := start(ctx, cfg, cfg.logger(errOut))
	if err != nil {
		return err
	}
	if err := a.greet(ctx, out); err != nil {
		return errors.Join(err, a.stop())
	}
	return a.wait(ctx)
}

// wait serves until ctx ends or the hub fails, then stops gracefully.
func (a *app) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		a.log.Info("stopping")
		return a.stop()
	case <-a.done:
		return a.stop()
	}
}

// greet says where to open the app, and how to become the first admin.
func (a *app) greet(ctx context.Context, out io.Writer) error {
	base := a.cfg.PublicURL
	if base == "" {
		base = a.url()
	}
	fmt.Fprintf(out, "\n  Tamas %s\n\n  Agents' app    %s\n  Web-chat demo  %s/demo\n", versionText(), base, base)
	link, err := a.ui.SetupLink(ctx, base)
	if err != nil {
		return err
	}
	if link != "" {
		fmt.Fprintf(out, "\n  Nobody can sign in yet. Open this once to become the first admin:\n  %s\n", link)
	}
	fmt.Fprintln(out)
	return nil
}

// healthcheck asks a running hub on this machine whether it is ready.
func healthcheck(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	target := ""
	cfg, _, err := parse("tamas healthcheck", args, environ, errOut, func(f *flag.FlagSet) {
		f.StringVar(&target, "url", "", "`URL` of the hub; empty: the one that --addr names")
	})
	if err != nil {
		return err
	}
	if target == "" {
		addr := cfg.Addr
		if strings.HasPrefix(addr, ":") || strings.HasPrefix(addr, "0.0.0.0:") || strings.HasPrefix(addr, "[::]:") {
			addr = "127.0.0.1:" + addr[strings.LastIndex(addr, ":")+1:]
		}
		target = "http://" + addr
	}
	u, err := url.JoinPath(target, "readyz")
	if err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", strings.TrimSpace(string(body)))
	}
	fmt.Fprintln(out, "ready")
	return nil
}
