package email

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

func sentOver(s *emailtest.Server) func() []channeltest.Sent {
	return func() (out []channeltest.Sent) {
		for _, m := range s.Sent() {
			out = append(out, channeltest.Sent{To: m.To[0], Text: Parse(m.Raw, false).Text})
		}
		return out
	}
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
	return channeltest.Rig{
		Kind: Kind(), Settings: s.Settings(emailtest.Password), Wrong: s.Settings("wrong-horse-99"),
		Secrets: []string{emailtest.Password, "wrong-horse-99"},
		Say: func(n int, texts ...string) {
			for _, text := range texts {
				deliver(customerMail(n, text), time.Now())
			}
		},
		Old: func(n int, at time.Time, texts ...string) {
			for _, text := range texts {
				deliver(customerMail(n, text), at)
			}
		},
		Garble:  func(int) { deliver(garbage, time.Now()) },
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
	}
}

func TestChannelInProcess(t *testing.T) {
	channeltest.Run(t, func(t *testing.T, _ string) channeltest.Rig { return rigOf(startServer(t)) })
}

func TestChannelDovecot(t *testing.T) {
	channeltest.Run(t, func(t *testing.T, _ string) channeltest.Rig {
		d, s := startDovecot(t), startServer(t)
		return channeltest.Rig{
			Kind: Kind(), Settings: d.settings(s, dovecotPassword, nil), Wrong: d.settings(s, "wrong-horse-99", nil),
			Secrets: []string{emailtest.Password, dovecotPassword, "wrong-horse-99"},
			Say: func(n int, texts ...string) {
				for _, text := range texts {
					d.deliver(customerMail(n, text))
				}
			},
			Garble: func(int) { d.deliver(garbage) },
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
		}
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
