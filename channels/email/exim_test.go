package email

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tamas/channels/channeltest"
)

// exim is a private Exim in a folder of its own: a real submission server with STARTTLS, TLS and logins, whose mailboxes are files.
type exim struct {
	t       testing.TB
	dir     string
	program string
	port    int // with STARTTLS
	tls     int
	cert    []byte
	uid     int // as whom it runs
	gid     int
	cmd     *exec.Cmd
}

const eximUser, eximPassword = "support@tamas.test", "exim-sesame-0815"

// startExim runs one for the test; without an installed Exim the test is skipped, or fails when TAMAS_TEST_REQUIRE=1. rcpt are
// further lines of its checks of a recipient.
func startExim(t testing.TB, rcpt ...string) *exim {
	t.Helper()
	program, err := exec.LookPath("exim4")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/exim4") // which is not in everybody's PATH
	}
	if err != nil {
		if os.Getenv("TAMAS_TEST_REQUIRE") == "1" {
			t.Fatal("Exim is not installed (apt-get install exim4-daemon-light), and TAMAS_TEST_REQUIRE=1")
		}
		t.Skip("SKIPPED: Exim is not installed, so nothing is tested against a real SMTP server here (apt-get install exim4-daemon-light)")
	}
	me, err := user.Current()
	if err == nil && me.Uid == "0" { // it delivers nothing as root
		me, err = user.Lookup("nobody")
	}
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "ex")
	if err != nil {
		t.Fatal(err)
	}
	x := &exim{t: t, program: program, dir: dir, port: freePort(t), tls: freePort(t)}
	x.uid, _ = strconv.Atoi(me.Uid)
	x.gid, _ = strconv.Atoi(me.Gid)
	t.Cleanup(func() { x.stop(); os.RemoveAll(dir) })
	key, cert := selfSigned(t)
	x.cert = cert
	for name, data := range map[string][]byte{"key.pem": key, "cert.pem": cert} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, sub := range []string{"spool", "log", "mail"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	conf := fmt.Sprintf(`exim_user = %[2]s
exim_group = %[3]s
never_users =
primary_hostname = mail.tamas.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = %[4]d : %[5]d
tls_on_connect_ports = %[5]d
tls_advertise_hosts = *
tls_certificate = %[1]s/cert.pem
tls_privatekey = %[1]s/key.pem
spool_directory = %[1]s/spool
log_file_path = %[1]s/log/%%slog
pid_file_path = %[1]s/pid
keep_environment =
prdr_enable = false
message_size_limit = 1M
smtp_accept_max_per_connection = 5
auth_advertise_hosts = *
host_lookup =
rfc1413_query_timeout = 0s
smtputf8_advertise_hosts = *
acl_smtp_rcpt = rcpt
begin acl
rcpt:
%[6]s
  deny message = 5.1.1 no such mailbox here
       local_parts = nobody
  defer message = 450 4.2.1 greylisted, come again
       local_parts = grey
  deny message = 5.7.1 relaying denied
       !authenticated = *
  accept
begin routers
all:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  directory = %[1]s/mail
  maildir_format
  create_directory
  user = %[2]s
  group = %[3]s
begin retry
* * F,2h,15m
begin rewrite
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = ${if def:tls_in_cipher}
  server_condition = ${if and{{eq{$auth2}{%[7]s}}{eq{$auth3}{%[8]s}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_advertise_condition = ${if def:tls_in_cipher}
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{%[7]s}}{eq{$auth2}{%[8]s}}}}
  server_set_id = $auth1
`, dir, me.Username, group.Name, x.port, x.tls, strings.Join(rcpt, "\n"), eximUser, eximPassword)
	if err := os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		filepath.Walk(dir, func(path string, _ os.FileInfo, _ error) error { return os.Chown(path, x.uid, x.gid) })
	}
	x.start()
	return x
}

// start runs it in the foreground and waits for its greeting.
func (x *exim) start() {
	x.t.Helper()
	out, err := os.Create(filepath.Join(x.dir, "out"))
	if err != nil {
		x.t.Fatal(err)
	}
	defer out.Close()
	x.cmd = exec.Command(x.program, "-C", filepath.Join(x.dir, "conf"), "-bdf", "-odi")
	x.cmd.Stdout, x.cmd.Stderr = out, out
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		x.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(x.uid), Gid: uint32(x.gid)}
	}
	if err := x.cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	deadline := time.Now().Add(channeltest.Patience)
	for {
		c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(x.port)), time.Second)
		if err == nil {
			b := make([]byte, 4)
			c.SetReadDeadline(time.Now().Add(channeltest.Patience))
			_, err = c.Read(b)
			c.Close()
		}
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(out.Name())
			x.t.Fatalf("Exim does not answer: %v\n%s\n%s", err, said, x.log())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (x *exim) stop() {
	if x.cmd == nil {
		return
	}
	syscall.Kill(-x.cmd.Process.Pid, syscall.SIGKILL)
	x.cmd.Wait()
	x.cmd = nil
}

func (x *exim) log() string {
	b, _ := os.ReadFile(filepath.Join(x.dir, "log", "mainlog"))
	out, _ := os.ReadFile(filepath.Join(x.dir, "out")) // where it says it when it runs with nobody's rights
	return string(b) + string(out)
}

// mails lists what was delivered.
func (x *exim) mails() (out [][]byte) {
	files, _ := filepath.Glob(filepath.Join(x.dir, "mail", "new", "*"))
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil {
			out = append(out, bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")))
		}
	}
	return out
}
