package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// dovecot is a real mail server with one mailbox, in a folder of its own, for as long as a measure takes.
type dovecot struct {
	dir, host, port string
	uid, gid        int
	cmd             *exec.Cmd
	delivered       int
}

var errNoDovecot = errors.New("dovecot is not installed")

// startDovecot serves a mailbox for this user and password on loopback, without TLS. errNoDovecot when it cannot.
func startDovecot(address, password string) (d *dovecot, err error) {
	if _, err := exec.LookPath("dovecot"); err != nil {
		return nil, errNoDovecot
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l.Close()
	d = &dovecot{uid: os.Getuid(), gid: os.Getgid()}
	d.host, d.port, _ = net.SplitHostPort(l.Addr().String())
	if d.dir, err = os.MkdirTemp("", "dc"); err != nil { // short: the paths of its sockets must be
		return nil, err
	}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	own := "" // as another user than root it can only be that user
	if d.uid == 0 {
		if u, err := user.Lookup("mail"); err == nil {
			d.uid, _ = strconv.Atoi(u.Uid)
			d.gid, _ = strconv.Atoi(u.Gid)
		}
	} else if me, err := user.Current(); err == nil {
		own = fmt.Sprintf("default_internal_user = %s\ndefault_login_user = %s\nservice anvil {\n  chroot =\n}\nservice imap-login {\n  chroot =\n}\n", me.Username, me.Username)
		if g, err := user.LookupGroupId(me.Gid); err == nil {
			own += "default_internal_group = " + g.Name + "\n"
		}
	}
	if err := os.Chmod(d.dir, 0o755); err != nil {
		return nil, err
	}
	for _, sub := range []string{"run", "state", "mail", "mail/cur", "mail/new", "mail/tmp"} {
		if err := os.Mkdir(filepath.Join(d.dir, sub), 0o755); err != nil {
			return nil, err
		}
		if sub >= "mail" && sub < "run" {
			_ = os.Chown(filepath.Join(d.dir, sub), d.uid, d.gid) // fails where it is so already
		}
	}
	conf := fmt.Sprintf("protocols = imap\nlisten = %[1]s\nbase_dir = %[2]s/run\nstate_dir = %[2]s/state\nlog_path = %[2]s/log\n%[3]s"+
		"ssl = no\ndisable_plaintext_auth = no\nfirst_valid_uid = 1\nmail_location = maildir:%[2]s/mail\n"+
		"passdb {\n  driver = passwd-file\n  args = %[2]s/passwd\n}\nuserdb {\n  driver = static\n  args = uid=%[4]d gid=%[5]d home=%[2]s/mail\n}\n"+
		"service imap-login {\n  inet_listener imap {\n    port = %[6]s\n  }\n}\nservice stats {\n  process_limit = 1\n}\n",
		d.host, d.dir, own, d.uid, d.gid, d.port)
	for name, text := range map[string]string{"dovecot.conf": conf, "passwd": address + ":{PLAIN}" + password + "\n"} {
		if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	d.cmd = exec.Command("dovecot", "-F", "-c", filepath.Join(d.dir, "dovecot.conf"))
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its workers end with it
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.DialTimeout("tcp", net.JoinHostPort(d.host, d.port), time.Second); err == nil {
			return d, c.Close()
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(d.dir, "log"))
			return nil, fmt.Errorf("dovecot does not answer: %s", log)
		}
	}
}

// deliver puts a mail into the mailbox, as a delivery agent does.
func (d *dovecot) deliver(raw []byte) error {
	d.delivered++
	now := time.Now()
	name := fmt.Sprintf("%d.M%06dP%dQ%06d.bench", now.Unix(), now.Nanosecond()/1000, os.Getpid(), d.delivered)
	tmp := filepath.Join(d.dir, "mail/tmp", name)
	if err := os.WriteFile(tmp, raw, 0o644); err != nil {
		return err
	}
	_ = os.Chown(tmp, d.uid, d.gid)
	return os.Rename(tmp, filepath.Join(d.dir, "mail/new", name))
}

func (d *dovecot) close() {
	if d.cmd != nil && d.cmd.Process != nil {
		_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
		_ = d.cmd.Wait()
	}
	_ = os.RemoveAll(d.dir)
}
