package email

import (
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
	"tamas/internal/ports"
)

// dovecot is a private Dovecot in a folder of its own, with one mailbox.
type dovecot struct {
	t    testing.TB
	dir  string
	port int
	tls  int
	cert []byte
	cmd  *exec.Cmd
	seq  int
	uid  int
	gid  int
}

const dovecotUser, dovecotPassword = "support@tamas.test", "dove-sesame-0815"

// startDovecot runs one for the test; without an installed Dovecot the test is skipped, or fails when
// TAMAS_TEST_REQUIRE=1. more are further lines of its configuration.
func startDovecot(t testing.TB, more ...string) *dovecot {
	t.Helper()
	if _, err := exec.LookPath("dovecot"); err != nil {
		if os.Getenv("TAMAS_TEST_REQUIRE") == "1" {
			t.Fatal("Dovecot is not installed (apt-get install dovecot-imapd), and TAMAS_TEST_REQUIRE=1")
		}
		t.Skip("SKIPPED: Dovecot is not installed, so nothing is tested against a real IMAP server here (apt-get install dovecot-imapd)")
	}
	// Not t.TempDir: the paths of its sockets must be short.
	dir, err := os.MkdirTemp("", "dc")
	if err != nil {
		t.Fatal(err)
	}
	d := &dovecot{t: t, dir: dir, port: freePort(t), tls: freePort(t), uid: os.Getuid(), gid: os.Getgid()}
	t.Cleanup(func() { d.stop(); os.RemoveAll(dir) })
	internal := ""
	if d.uid == 0 { // as root it drops to users that the package made
		if u, err := user.Lookup("mail"); err == nil {
			d.uid, _ = strconv.Atoi(u.Uid)
			d.gid, _ = strconv.Atoi(u.Gid)
		}
	} else {
		me, err := user.Current()
		if err != nil {
			t.Fatal(err)
		}
		group, err := user.LookupGroupId(me.Gid)
		if err != nil {
			t.Fatal(err)
		}
		internal = fmt.Sprintf("default_internal_user = %s\ndefault_internal_group = %s\ndefault_login_user = %s\n"+
			"service anvil {\n  chroot =\n}\nservice imap-login {\n  chroot =\n}\n", me.Username, group.Name, me.Username)
	}
	key, cert := selfSigned(t)
	d.cert = cert
	for name, data := range map[string][]byte{"key.pem": key, "cert.pem": cert,
		"passwd": []byte(dovecotUser + ":{PLAIN}" + dovecotPassword + "\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, sub := range []string{"mail", "mail/cur", "mail/new", "mail/tmp", "run", "state"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 {
		os.Chmod(dir, 0o755)
		for _, sub := range []string{"mail", "mail/cur", "mail/new", "mail/tmp"} {
			if err := os.Chown(filepath.Join(dir, sub), d.uid, d.gid); err != nil {
				t.Fatal(err)
			}
		}
	}
	conf := fmt.Sprintf(`protocols = imap
listen = 127.0.0.1
base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
instance_name = tamas-test
%[2]s
ssl = yes
ssl_cert = <%[1]s/cert.pem
ssl_key = <%[1]s/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0 secs
first_valid_uid = 1
mail_uid = %[3]d
mail_gid = %[4]d
mail_home = %[1]s/mail
mail_location = maildir:%[1]s/mail
passdb {
  driver = passwd-file
  args = %[1]s/passwd
}
userdb {
  driver = static
  args = uid=%[3]d gid=%[4]d home=%[1]s/mail
}
service imap-login {
  inet_listener imap {
    port = %[5]d
  }
  inet_listener imaps {
    port = %[6]d
    ssl = yes
  }
}
service stats {
  process_limit = 1
}
namespace inbox {
  inbox = yes
  mailbox Sent {
    special_use = \Sent
    auto = create
  }
}
%[7]s
`, dir, internal, d.uid, d.gid, d.port, d.tls, strings.ReplaceAll(strings.Join(more, "\n"), "$DIR", dir))
	if err := os.WriteFile(filepath.Join(dir, "dovecot.conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	d.start()
	return d
}

// start runs it in the foreground and waits for its greeting.
func (d *dovecot) start() {
	d.t.Helper()
	d.cmd = exec.Command("dovecot", "-F", "-c", filepath.Join(d.dir, "dovecot.conf"))
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := os.Create(filepath.Join(d.dir, "out"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer out.Close()
	d.cmd.Stdout, d.cmd.Stderr = out, out
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	deadline := time.Now().Add(channeltest.Patience)
	for {
		c, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port)), time.Second)
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
			logged, _ := os.ReadFile(filepath.Join(d.dir, "log"))
			said, _ := os.ReadFile(out.Name())
			d.t.Fatalf("Dovecot does not answer: %v\n%s\n%s", err, said, logged)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// stop ends it, as a whole and at once: its workers are in its process group.
func (d *dovecot) stop() {
	if d.cmd == nil {
		return
	}
	syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
	d.cmd.Wait()
	d.cmd = nil
	os.Remove(filepath.Join(d.dir, "run", "master.pid"))
	for deadline := time.Now().Add(channeltest.Patience); ; time.Sleep(10 * time.Millisecond) { // until its listeners are closed
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port)))
		if err == nil {
			l.Close()
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("Dovecot's port stays taken: %v", err)
		}
	}
}

// deliver drops a mail into the maildir, as a delivery agent does.
func (d *dovecot) deliver(raw []byte) { d.deliverTo("INBOX", raw) }

// path is where a folder's mails are.
func (d *dovecot) path(folder string) string {
	if folder == "INBOX" {
		return filepath.Join(d.dir, "mail")
	}
	return filepath.Join(d.dir, "mail", "."+folder)
}

// make makes a folder; "." stands between the levels.
func (d *dovecot) make(folder string) {
	d.t.Helper()
	for _, sub := range []string{"", "cur", "new", "tmp"} {
		path := filepath.Join(d.path(folder), sub)
		if err := os.MkdirAll(path, 0o755); err != nil {
			d.t.Fatal(err)
		}
		if os.Getuid() == 0 {
			os.Chown(path, d.uid, d.gid)
		}
	}
}

func (d *dovecot) deliverTo(folder string, raw []byte) { d.deliverAt(folder, raw, time.Now()) }

// deliverAt is deliverTo with the time at which the mailbox got it.
func (d *dovecot) deliverAt(folder string, raw []byte, at time.Time) {
	d.t.Helper()
	d.seq++
	now := time.Now()
	name := fmt.Sprintf("%d.M%06dP%dQ%06d.test", now.Unix(), now.Nanosecond()/1000, os.Getpid(), d.seq)
	tmp := filepath.Join(d.path(folder), "tmp", name)
	if err := os.WriteFile(tmp, raw, 0o644); err != nil {
		d.t.Fatal(err)
	}
	if os.Getuid() == 0 {
		os.Chown(tmp, d.uid, d.gid)
	}
	if err := os.Chtimes(tmp, at, at); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(tmp, filepath.Join(d.path(folder), "new", name)); err != nil {
		d.t.Fatal(err)
	}
}

// renumber makes it forget its UIDs.
func (d *dovecot) renumber() {
	d.t.Helper()
	d.stop()
	for second := time.Now().Unix(); time.Now().Unix() == second; { // its UIDVALIDITY is the time in seconds
		time.Sleep(5 * time.Millisecond)
	}
	for _, pattern := range []string{"mail/dovecot*", "mail/maildirfolder"} {
		files, _ := filepath.Glob(filepath.Join(d.dir, pattern))
		for _, f := range files {
			os.RemoveAll(f)
		}
	}
	d.start()
}

// flags lists the maildir flags of all mails: what was marked.
func (d *dovecot) flags() (count int, flags string) { return d.flagsOf("INBOX") }

func (d *dovecot) flagsOf(folder string) (count int, flags string) {
	for _, sub := range []string{"new", "cur"} {
		list, _ := os.ReadDir(filepath.Join(d.path(folder), sub))
		for _, f := range list {
			count++
			_, info, _ := strings.Cut(f.Name(), ":2,")
			flags += info
		}
	}
	return count, flags
}

func freePort(t testing.TB) int {
	t.Helper()
	port, err := ports.Free()
	if err != nil {
		t.Fatal(err)
	}
	return port
}
