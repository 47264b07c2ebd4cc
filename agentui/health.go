package agentui

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// healthz says that the process answers. A load balancer asks readyz, who restarts processes asks this.
func (s *Server) healthz(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "ok", "version": s.version})
}

// readyz says that a message would be accepted now: a leader is known, Redis and the record answer.
func (s *Server) readyz(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	if err := s.hub.Ready(c.Request().Context()); err != nil {
		s.log.Warn("not ready", "request_id", requestID(c), "err", err)
		return c.JSON(http.StatusServiceUnavailable, map[string]string{"status": "not_ready"})
	}
	return c.JSON(http.StatusOK, map[string]string{"status": "ready"})
}

// metrics of the HTTP side. They hold no personal text: routes are patterns.
type metrics struct {
	requests   *prometheus.HistogramVec
	sockets    prometheus.Gauge
	deliveries prometheus.Counter
	closed     *prometheus.CounterVec
	signIns    *prometheus.CounterVec
	handler    http.Handler
}

func newMetrics(s *Server, r *prometheus.Registry) *metrics {
	if r == nil {
		r = prometheus.NewRegistry()
		r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	}
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "tamas_http_request_seconds",
			Help: "Time to answer a request.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}},
			[]string{"method", "route", "status"}),
		sockets: prometheus.NewGauge(prometheus.GaugeOpts{Name: "tamas_agent_sockets", Help: "Open agents' sockets of this node."}),
		deliveries: prometheus.NewCounter(prometheus.CounterOpts{Name: "tamas_agent_deliveries_total",
			Help: "Items handed to agents' sockets."}),
		closed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamas_agent_sockets_closed_total",
			Help: "Agents' sockets that ended, by reason."}, []string{"reason"}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tamas_sign_ins_total",
			Help: "Attempts to sign in, by outcome."}, []string{"outcome"}),
	}
	ready := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tamas_ready", Help: "1 when /readyz says ready."}, func() float64 {
		if s.hub.Ready(context.Background()) != nil {
			return 0
		}
		return 1
	})
	recorded := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tamas_recorded_n", Help: "Count of the last recorded event that this node knows."},
		func() float64 { return float64(s.hub.Recorded().N) })
	head := prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "tamas_log_n", Help: "Count of the log's last event that this node has seen."},
		func() float64 { return float64(s.hub.Head().N) })
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "tamas_build_info", Help: "1.", ConstLabels: prometheus.Labels{"version": s.version}})
	build.Set(1)
	r.MustRegister(m.requests, m.sockets, m.deliveries, m.closed, m.signIns, ready, recorded, head, build, accountCollector{s})
	m.handler = promhttp.HandlerFor(r, promhttp.HandlerOpts{})
	return m
}

// accountCollector shows each account's health.
type accountCollector struct{ s *Server }

var (
	accountUp    = prometheus.NewDesc("tamas_account_connected", "1 when the account is connected.", []string{"account", "channel"}, nil)
	accountHeard = prometheus.NewDesc("tamas_account_heard_timestamp_seconds", "When the account last heard of its provider.", []string{"account", "channel"}, nil)
)

func (accountCollector) Describe(ch chan<- *prometheus.Desc) { ch <- accountUp; ch <- accountHeard }

func (a accountCollector) Collect(ch chan<- prometheus.Metric) {
	for id, row := range a.s.hub.Settings().Accounts {
		if !row.Enabled || row.Archived {
			continue
		}
		h, up := a.s.hub.Health(id), 0.0
		if h.State == "connected" {
			up = 1
		}
		ch <- prometheus.MustNewConstMetric(accountUp, prometheus.GaugeValue, up, id, row.Kind)
		if h.HeardAt != 0 {
			ch <- prometheus.MustNewConstMetric(accountHeard, prometheus.GaugeValue, float64(h.HeardAt)/1000, id, row.Kind)
		}
	}
}

// serveMetrics answers collectors on private addresses, and admins from anywhere: figures of a firm's business do
// not belong on the open Internet. What came through a proxy that nobody vouched for may be from anywhere.
func (s *Server) serveMetrics(c echo.Context) error {
	addr, err := netip.ParseAddr(c.RealIP())
	forwarded := c.Request().Header.Get("X-Forwarded-For") != "" && !s.byProxy(c.Request())
	if err != nil || forwarded || !(addr.Unmap().IsLoopback() || addr.Unmap().IsPrivate()) {
		return s.admin(s.writeMetrics)(c)
	}
	return s.writeMetrics(c)
}

func (s *Server) writeMetrics(c echo.Context) error {
	s.metrics.handler.ServeHTTP(c.Response(), c.Request())
	return nil
}
