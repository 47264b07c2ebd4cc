// Package testenv starts the real servers that tests and the chaos run need: PostgreSQL, Redis, Chromium.
//
// Every server listens on a free port of 127.0.0.1, keeps its files in a directory of its own below
// os.TempDir, and is run as the user postgres (or nobody) when the tests run as root. It never touches a
// server that it did not start.
//
//	url := testenv.Postgres(t)            // a fresh, empty database on the test binary's one server
//	x := testenv.NewTemplate(fill)        // copies of a filled one: x.Postgres(t), x.SQLite(t, path)
//	s := testenv.PostgresServer(t)        // a server of the test's own, to be stopped and started: s.URL
//	addr := testenv.Redis(t)              // a fresh, empty Redis, "127.0.0.1:port"
//	s := testenv.RedisServer(t, "--appendonly", "yes") // the same, to be killed, paused, restarted: s.Addr
//	path := testenv.Chromium(t)           // the program, for chromedp's ExecPath
//
// A program that is no test starts the same servers with StartPostgres and StartRedis.
//
// Servers end with their test (Cleanup), the shared PostgreSQL with the test binary. Beside each server
// runs a keeper, a shell that waits for the end of a pipe: however this process ends (panic, kill -9), the
// keeper then kills its server by process id and removes its directory.
//
// What is not installed skips the test with a line on standard error; with TAMAS_TEST_REQUIRE=1, as in
// .ci/run, it fails the test instead.
package testenv
