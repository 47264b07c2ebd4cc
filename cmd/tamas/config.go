package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
)

// config is everything that can be set. Each has a flag, a variable TAMAS_… and a variable TAMAS_…_FILE that names a
// file with the value; the flag wins. Anything unknown or unfit is refused with a sentence.
type config struct {
	Addr          string
	Data          string
	Redis         string
	Database      string
	PublicURL     string
	Workspace     string
	Key           string
	AdminEmail    string
	AdminPassword string
	AdminName     string
	TrustProxy    string
	MaxFile       int // MB
	LogLevel      string
	LogFormat     string

	level   slog.Level
	key     []byte // nil: kept in a file of the data folder
	proxies []netip.Prefix
	trial   bool // its customers are on this machine, too: without --public-url they are given its local address
}

// flags declares every setting on one set; `tamas help` prints it.
func (c *config) flags(name string, out io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&c.Addr, "addr", ":8080", "`host:port` to serve on; port 0 takes a free one")
	f.StringVar(&c.Data, "data", "./data", "`folder` for the embedded record, blobs and the key")
	f.StringVar(&c.Redis, "redis", "", "`address` of Redis: redis://, rediss://, redis-cluster:// or redis-sentinel://; empty: in-process")
	f.StringVar(&c.Database, "database", "", "the record: a SQLite `file` or a postgres:// URL; empty: tamas.db in the data folder")
	f.StringVar(&c.PublicURL, "public-url", "", "`URL` under which browsers and providers reach this hub")
	f.StringVar(&c.Workspace, "workspace", "tamas", "`name` that prefixes every key in Redis")
	f.StringVar(&c.Key, "key", "", "32 `bytes` in hex or base64 that seal account secrets; empty: made once, kept in the data folder")
	f.StringVar(&c.AdminEmail, "admin-email", "", "`email` of the first admin, made at start when there is none")
	f.StringVar(&c.AdminPassword, "admin-password", "", "`password` of the first admin")
	f.StringVar(&c.AdminName, "admin-name", "", "`name` of the first admin")
	f.StringVar(&c.TrustProxy, "trust-proxy", "", "`networks` (comma-separated CIDR) whose X-Forwarded-For is believed")
	f.IntVar(&c.MaxFile, "max-file", 50, "`MB` of one file that agents may send; what customers send has a limit of each account")
	f.StringVar(&c.LogLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&c.LogFormat, "log-format", "text", "text or json")
	return f
}

// printFlags prints what a set of flags is for. In short: a command's own, and of the hub's settings, which all commands take, the names.
func printFlags(out io.Writer, f *flag.FlagSet, short bool) {
	hubs := (&config{}).flags("", io.Discard)
	var settings []string
	f.VisitAll(func(x *flag.Flag) {
		if h := hubs.Lookup(x.Name); short && h != nil && h.Usage == x.Usage && h.DefValue == x.DefValue {
			settings = append(settings, "--"+x.Name)
			return
		}
		value, text := flag.UnquoteUsage(x)
		if value != "" {
			value = " " + value
		}
		if x.DefValue != "" && x.DefValue != "0" && x.DefValue != "0s" && x.DefValue != "false" {
			text += " (default " + x.DefValue + ")"
		}
		fmt.Fprintf(out, "  --%s%s\n      %s\n", x.Name, value, text)
	})
	if short {
		fmt.Fprintf(out, "And the hub's settings, which `tamas help` tells:\n  %s\n", strings.Join(settings, " "))
	}
}

// variable is the name of a setting's environment variable.
func variable(flagName string) string {
	return "TAMAS_" + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

// parse reads arguments and environment (as of os.Environ) and checks them. extra may declare more flags.
func parse(name string, args, environ []string, out io.Writer, extra func(*flag.FlagSet)) (*config, []string, error) {
	c := &config{}
	f := c.flags(name, out)
	if extra != nil {
		extra(f)
	}
	f.Usage = func() { printFlags(out, f, name != "tamas") }
	if err := f.Parse(args); err != nil {
		return nil, nil, err
	}
	given := map[string]bool{}
	f.Visit(func(x *flag.Flag) { given[x.Name] = true })
	known := map[string]string{}
	f.VisitAll(func(x *flag.Flag) { known[variable(x.Name)] = x.Name })

	seen := map[string]string{} // flag → variable it was set by
	for _, pair := range environ {
		key, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(key, "TAMAS_") || strings.HasPrefix(key, "TAMAS_TEST_") {
			continue
		}
		flagName, ok := known[key]
		if !ok {
			base, isFile := strings.CutSuffix(key, "_FILE")
			if flagName, ok = known[base]; !ok || !isFile {
				return nil, nil, fmt.Errorf("there is no setting %s; `tamas help` lists them", key)
			}
			b, err := os.ReadFile(value)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", key, err)
			}
			value = strings.TrimRight(string(b), "\r\n")
		}
		if other := seen[flagName]; other != "" {
			return nil, nil, fmt.Errorf("%s and %s set the same thing; keep one", other, key)
		}
		seen[flagName] = key
		if given[flagName] {
			continue
		}
		if err := f.Set(flagName, value); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return c, f.Args(), c.check()
}

func (c *config) check() error {
	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		return fmt.Errorf("--addr %q is not host:port", c.Addr)
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return fmt.Errorf("--public-url %q is not like https://help.example.com", c.PublicURL)
		}
		c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	}
	if c.Workspace == "" || len(c.Workspace) > 64 || strings.ContainsAny(c.Workspace, "{}: \t\n") {
		return errors.New("--workspace is a short name without spaces, braces and colons")
	}
	if c.Key != "" {
		if c.key = decodeKey(c.Key); c.key == nil {
			return errors.New("--key is not 32 bytes in hex or base64") // never shown
		}
	}
	if (c.AdminEmail == "") != (c.AdminPassword == "") {
		return errors.New("the first admin needs both --admin-email and --admin-password")
	}
	for s := range strings.SplitSeq(c.TrustProxy, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			a, err := netip.ParseAddr(s)
			if err != nil {
				return fmt.Errorf("--trust-proxy: %q is not a network like 10.0.0.0/8", s)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		c.proxies = append(c.proxies, p)
	}
	if c.MaxFile < 1 || c.MaxFile > 2048 {
		return fmt.Errorf("--max-file %d is not from 1 to 2048 (MB)", c.MaxFile)
	}
	if err := c.level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return fmt.Errorf("--log-level %q is not debug, info, warn or error", c.LogLevel)
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		return fmt.Errorf("--log-format %q is not text or json", c.LogFormat)
	}
	return nil
}

func decodeKey(s string) []byte {
	if b, err := hex.DecodeString(s); err == nil && len(b) == 32 {
		return b
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if b, err := enc.DecodeString(s); err == nil && len(b) == 32 {
			return b
		}
	}
	return nil
}

func (c *config) logger(out io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.level}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(out, o))
	}
	return slog.New(slog.NewTextHandler(out, o))
}
