package email

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tamas/channels"
	"tamas/channels/channeltest"
	"tamas/channels/email/emailtest"
)

var mailSeq atomic.Int64

// customerMail is a new mail of customer n.
func customerMail(n int, text string) []byte {
	id := fmt.Sprintf("m%d.%d@customers.test", mailSeq.Add(1), time.Now().UnixNano())
	return emailtest.Compose(fmt.Sprintf("Customer %d <customer%d@customers.test>", n, n), id, "A question", text)
}

var faults = map[channeltest.Fault]emailtest.Fault{
	channeltest.Temporary: emailtest.Temporary, channeltest.Permanent: emailtest.Permanent,
	channeltest.RateLimited: emailtest.RateLimited, channeltest.LostReply: emailtest.LostReply, channeltest.Unreachable: emailtest.Permanent,
}

// sentOver shows what the customers got, as their own mail program reads it.
func sentOver(s *emailtest.Server) func() []channeltest.Sent {
	return func() (out []channeltest.Sent) {
		for _, m := range s.Sent() {
			desk := channeltest.NewDesk()
			reader, err := open(channels.Config{ID: "theirs", Settings: s.Settings("x"), Secret: bytes.Repeat([]byte{9}, 32), Desk: desk, Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				panic(err)
			}
			b, err := reader.batch(context.Background(), []*letter{{uid: 1, at: time.Now(), raw: m.Raw}})
			if err != nil || len(b.Messages) != 1 {
				panic(fmt.Sprint("what was sent cannot be read: ", err, b.Messages))
			}
			in := b.Messages[0]
			one := channeltest.Sent{To: m.To[0], Text: in.Text, ID: in.ProviderID, ReplyTo: in.ReplyTo}
			for _, f := range in.Files {
				one.Files = append(one.Files, channeltest.Upload{Name: f.Name, Type: f.Type, Content: desk.Content(f)})
			}
			out = append(out, one)
		}
		return out
	}
}

// fileMail is a mail with one attachment.
func fileMail(n int, text string, f channeltest.Upload) []byte {
	head, _, _ := strings.Cut(string(customerMail(n, "")), "MIME-Version")
	var data strings.Builder
	for code := base64.StdEncoding.EncodeToString(f.Content); len(code) > 0; {
		k := min(76, len(code))
		data.WriteString(code[:k] + "\r\n")
		code = code[k:]
	}
	return []byte(head + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n--b0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text +
		"\r\n--b0\r\nContent-Type: " + f.Type + "\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename*=utf-8''" +
		url.PathEscape(f.Name) + "\r\n\r\n" + data.String() + "--b0--\r\n")
}

// bounceMail is a delivery report about the mail with that Message-ID.
func bounceMail(id string) []byte {
	return []byte("From: MAILER-DAEMON@mx.test\r\nTo: " + emailtest.Address + fmt.Sprintf("\r\nMessage-ID: <b%d@mx.test>", mailSeq.Add(1)) + "\r\nSubject: Undelivered Mail\r\n" +
		"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b0\r\n\r\n" +
		"--b0\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n--b0\r\nContent-Type: message/delivery-status\r\n\r\n" +
		"Reporting-MTA: dns; mx.test\r\n\r\nFinal-Recipient: rfc822; customer0@customers.test\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 unknown\r\n\r\n" +
		"--b0\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <" + id + ">\r\nSubject: x\r\n\r\n--b0--\r\n")
}

// carry makes the mails of customers that the suite asks for.
func carry(r channeltest.Rig, deliver func(raw []byte)) channeltest.Rig {
	r.Say = func(n int, texts ...string) {
		for _, text := range texts {
			deliver(customerMail(n, text))
		}
	}
	r.SayFile = func(n int, text string, f channeltest.Upload) { deliver(fileMail(n, text, f)) }
	r.Report = func(id, state string) { deliver(bounceMail(id)) }
	r.Garble = func(int) { deliver(garbage) }
	return r
}

func rigFaults() []channeltest.Fault {
	return []channeltest.Fault{channeltest.Temporary, channeltest.Permanent, channeltest.RateLimited, channeltest.LostReply}
}

var garbage = []byte("\x00\x01\x02 this is no mail\r\nat all\r\n\r\n\xff\xfe\x00")

// rigOf is the suite's view of the provider in this process.
func rigOf(s *emailtest.Server) channeltest.Rig {
	deliver := func(raw []byte, at time.Time) {
		if err := s.DeliverAt(raw, at); err != nil {
			panic(err)
		}
	}
	return carry(channeltest.Rig{
		Kind: Kind(), Settings: s.Settings(emailtest.Password), Wrong: s.Settings("wrong-horse-99"),
		Secrets: []string{emailtest.Password, "wrong-horse-99"},
		Old: func(n int, at time.Time, texts ...string) {
			for _, text := range texts {
				deliver(customerMail(n, text), at)
			}
		},
		Fetches: s.Fetches,
		Faults:  append(rigFaults(), channeltest.Unreachable),
		Fault:   func(f channeltest.Fault) { s.Fail(faults[f]) },
		Sent:    sentOver(s),
		Stop:    s.Stop,
		Start: func() {
			if err := s.Start(); err != nil {
				panic(err)
			}
		},
	}, func(raw []byte) { deliver(raw, time.Now()) })
}

func TestChannelInProcess(t *testing.T) {
	channeltest.Run(t, func(t *testing.T, _ string) channeltest.Rig { return rigOf(startServer(t)) })
}

func TestChannelDovecot(t *testing.T) {
	channeltest.Run(t, func(t *testing.T, _ string) channeltest.Rig {
		d, s := startDovecot(t), startServer(t)
		return carry(channeltest.Rig{
			Kind: Kind(), Settings: d.settings(s, dovecotPassword, nil), Wrong: d.settings(s, "wrong-horse-99", nil),
			Secrets: []string{emailtest.Password, dovecotPassword, "wrong-horse-99"},
			Old: func(n int, at time.Time, texts ...string) {
				for _, text := range texts {
					d.deliverAt("INBOX", customerMail(n, text), at)
				}
			},
			Faults: rigFaults(),
			Fault:  func(f channeltest.Fault) { s.Fail(faults[f]) },
			Sent:   sentOver(s),
			Stop:   func() { d.stop(); s.Stop() },
			Start: func() {
				d.start()
				if err := s.Start(); err != nil {
					t.Error(err)
				}
			},
		}, d.deliver)
	})
}

func startServer(t testing.TB) *emailtest.Server {
	t.Helper()
	s, err := emailtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// settings are those for receiving from d and sending over s, changed by with.
func (d *dovecot) settings(s *emailtest.Server, password string, with map[string]any) json.RawMessage {
	set := map[string]any{}
	json.Unmarshal(s.Settings(emailtest.Password), &set)
	set["smtp_password"] = emailtest.Password
	set["imap_host"], set["imap_port"], set["password"] = "127.0.0.1", d.port, password
	for k, v := range with {
		set[k] = v
	}
	b, _ := json.Marshal(set)
	return b
}

// selfSigned makes a certificate for 127.0.0.1.
func selfSigned(t testing.TB) (key, cert []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tamas test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	pk, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: pk}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func lines(b []byte) []string { return strings.Split(strings.TrimSpace(string(b)), "\n") }
