// Command tamas is an omnichannel contact-center hub: customers write from any channel, agents answer
// in one inbox, and every touch is logged to the customer record.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

// version is set by the linker for a release; else it is what the build knows of itself.
var version = ""

func main() {
	if os.Getenv("GOMAXPROCS") == "" {
		// Who waits for the disk or computes for long, as SQLite does, keeps a place of Go's scheduler for up to 10 ms. With two more than
		// there are cores the others go on, and the system shares the cores out in smaller pieces.
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return
		}
		status := 1
		var e *exit
		if errors.As(err, &e) {
			status = e.status
		}
		if text := err.Error(); text != "" {
			fmt.Fprintln(os.Stderr, "tamas:", text)
		}
		os.Exit(status)
	}
}

// commands are what the first word may be; none means serve.
var commands = []struct {
	name, about string
	run         func(ctx context.Context, args, environ []string, out, errOut io.Writer) error
}{
	{"serve", "runs the hub (the default)", serve},
	{"demo", "runs the hub with a firm, its agents and simulated customers on all four channels", demo},
	{"bench", "measures a hub through its real doors", bench},
	{"user", "user add: makes a user who can sign in", userCommand},
	{"verify", "compares an account with what its provider has; exit status 1: something is missing or double, 2: not checked", verify},
	{"check", "looks for what contradicts itself in the record, or names files that are gone; of long ones at the words of about 4,096 touches in the search index and at 60 days of the reports; exit status 1: something does, 2: not checked", check},
	{"replay", "makes the router's recorded decisions again; exit status 1: one differs, 2: one could not be checked", replay},
	{"simulate", "runs the router on a virtual clock: Poisson traffic beside Erlang's formulas, or recorded traffic under changed settings", simulate},
	{"backup", "writes the record and the files into one checked file, beside a hub that runs", backup},
	{"restore", "makes both from a backup, where there are none; --check only reads it", restore},
	{"migrate", "copies the record from SQLite to PostgreSQL or back, and compares", migrate},
	{"healthcheck", "asks a running hub whether it is ready; exit status 1 when not", healthcheck},
	{"version", "prints the version", printVersion},
}

func run(ctx context.Context, args, environ []string, out, errOut io.Writer) error {
	name := "serve"
	if len(args) > 0 && (asksForHelp(args[0]) || args[0] == "help") {
		if len(args) == 1 {
			printUsage(out)
			return nil
		}
		args = append(args[1:], "--help")
	}
	if len(args) > 0 && len(args[0]) > 0 && args[0][0] != '-' {
		name, args = args[0], args[1:]
	}
	for _, c := range commands {
		if c.name == name {
			if len(args) > 0 && asksForHelp(args[0]) {
				fmt.Fprintf(errOut, "tamas %s: %s\n", c.name, c.about)
			}
			return c.run(ctx, args, environ, out, errOut)
		}
	}
	return fmt.Errorf("there is no command %q; `tamas help` lists them", name)
}

func asksForHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

func printUsage(out io.Writer) {
	fmt.Fprintln(out, "Usage: tamas [command] [flags]; tamas help COMMAND tells a command's flags\n\nCommands:")
	for _, c := range commands {
		fmt.Fprintf(out, "  %-12s %s\n", c.name, c.about)
	}
	fmt.Fprintln(out, "\nFlags (each also as TAMAS_NAME, or TAMAS_NAME_FILE to read it from a file):")
	printFlags(out, (&config{}).flags("tamas", out), false)
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return "dev-" + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return "dev"
}

func printVersion(_ context.Context, _, _ []string, out, _ io.Writer) error {
	_, err := fmt.Fprintf(out, "tamas %s (%s %s/%s)\n", versionText(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
