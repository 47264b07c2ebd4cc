package inbox

import "github.com/prometheus/client_golang/prometheus"

// metrics are what an operator watches of the spine.
type metrics struct {
	commits, conflicts, recorded, rebuilds    prometheus.Counter
	received, unreadable, sent, paced, pauses *prometheus.CounterVec
	words                                     *prometheus.CounterVec
	batch, write                              prometheus.Histogram
	sendTime, sendWait                        *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer, h *Hub) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "tamas_" + name, Help: help})
	}
	m := &metrics{
		commits:   counter("commits_total", "Events appended by this node."),
		conflicts: counter("commit_conflicts_total", "Commits decided again because the live state had moved on."),
		recorded:  counter("recorded_total", "Events that this node wrote into the record."),
		rebuilds:  counter("rebuilds_total", "Rebuilds of the live state from the record by this node."),
		received: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamas_received_total",
			Help: "Messages from customers acknowledged by this node, by channel."}, []string{"channel"}),
		unreadable: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamas_unreadable_total",
			Help: "Messages that could not be read, acknowledged by this node and kept as they came, by account."}, []string{"account"}),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamas_sends_total",
			Help: "Outcomes of calls to providers, by channel and state."}, []string{"channel", "state"}),
		paced: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamas_send_paced_seconds_total",
			Help: "Time in which messages waited for the pace of their account."}, []string{"account"}),
		pauses: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamas_send_pauses_total",
			Help: "Times that a provider asked to send less often, by account."}, []string{"account"}),
		words: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamas_alert_words_total",
			Help: "Tries to carry an alert to where its rule says, by way (email, webhook) and outcome (sent, put off, given up)."}, []string{"to", "outcome"}),
		batch: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "tamas_record_batch_events",
			Help: "Events in one transaction of the recorder.", Buckets: prometheus.ExponentialBuckets(1, 2, 11)}),
		write: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "tamas_record_write_seconds",
			Help: "Time of one transaction of the recorder.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}),
		sendTime: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "tamas_send_seconds",
			Help: "Time of one call to a provider, by channel.", Buckets: prometheus.ExponentialBuckets(0.005, 2, 14)}, []string{"channel"}),
		sendWait: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "tamas_send_wait_seconds",
			Help: "Time from a message's writing to each call to the provider, by account.", Buckets: prometheus.ExponentialBuckets(0.005, 3, 13)}, []string{"account"}),
	}
	if reg != nil {
		reg.MustRegister(m.commits, m.conflicts, m.recorded, m.rebuilds, m.received, m.unreadable, m.sent, m.batch, m.write, m.sendTime, m.sendWait, m.paced, m.pauses, m.words, newFigures(h),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tamas_unrecorded_bytes", Help: "Bytes of the log that this node does not know to be recorded."},
				func() float64 { return float64(h.tail.unrecorded()) }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tamas_alerts", Help: "Alerts that stand now."},
				func() float64 { return float64(len(h.Alerts())) }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tamas_live_conversations", Help: "Conversations in the live state."},
				func() float64 { h.mirror.mu.RLock(); defer h.mirror.mu.RUnlock(); return float64(len(h.mirror.convs)) }))
	}
	return m
}
