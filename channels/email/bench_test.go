package email

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tamas/channels/channeltest"
)

// BenchmarkDovecot takes small mails from a real Dovecot into a desk, as after a downtime: mails/s is the figure to look at.
func BenchmarkDovecot(b *testing.B) {
	d := startDovecot(b)
	s := startServer(b)
	desk := channeltest.NewDesk()
	box := openBox(b, d.settings(s, dovecotPassword, nil), desk).run()
	box.stop()
	body := strings.Repeat("Where is my order? سفارشم کجاست؟\n", 30)
	for i := range b.N {
		d.deliver(customerMail(i%50, fmt.Sprintf("mail %d\n\n%s", i, body)))
	}
	b.ResetTimer()
	begin := time.Now()
	box = openBox(b, d.settings(s, dovecotPassword, nil), desk).run()
	desk.AwaitMessages(b, b.N)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "mails/s")
	box.stop()
}
