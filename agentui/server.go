package agentui

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/prometheus/client_golang/prometheus"

	"tamas/channels"
	"tamas/inbox"
	"tamas/inbox/record"
	"tamas/router"
)

// Options is what a Server is made of.
type Options struct {
	Hub       *inbox.Hub
	Log       *slog.Logger
	PublicURL string          // the hub's own address as customers' providers reach it; "" when unknown
	Kinds     []channels.Kind // the table of channel kinds
	Version   string
	Metrics   *prometheus.Registry // what /metrics shows; nil: one of its own
	Proxies   []netip.Prefix       // whose X-Forwarded-For and X-Forwarded-Proto are believed
	// OnSetup is called once, when the first admin has been made: with the origin that the browser saw and the first queue.
	OnSetup   func(ctx context.Context, origin string, queue record.Queue) error
	MaxFile   int64  // bytes of one file that agents may send up; 0: 50 MB
	DevAssets string // a folder to serve the app from instead of what is embedded; for who works on the app
}

// Server is the HTTP side of one node.
type Server struct {
	hub        *inbox.Hub
	db         *record.DB
	log        *slog.Logger
	kinds      []channels.Kind
	version    string
	proxies    []netip.Prefix
	public     string // without a slash at the end
	onSetup    func(ctx context.Context, origin string, queue record.Queue) error
	https      bool // public is https
	publicHost string
	maxFile    int64

	echo        *echo.Echo
	assets      *assets
	live        *live
	simulations *simulations
	agentDays   agentDays
	seen        sightings
	explainer   router.Explainer
	hasher      *hasher
	metrics     *metrics
	byIP        *limiter // sign-ins
	byEmail     *limiter

	stop context.CancelFunc
	done sync.WaitGroup
}

// New builds the server and starts its live feed. Shutdown ends it.
func New(o Options) (*Server, error) {
	s := &Server{hub: o.Hub, db: o.Hub.Record(), log: o.Log, kinds: o.Kinds, version: o.Version, proxies: o.Proxies,
		public:  strings.TrimRight(o.PublicURL, "/"),
		onSetup: o.OnSetup,
		maxFile: o.MaxFile,
		hasher:  newHasher(2, 32),
		byIP:    newLimiter(3*time.Second, 20, 10_000),
		byEmail: newLimiter(12*time.Second, 5, 10_000),
	}
	if s.maxFile == 0 {
		s.maxFile = 50 << 20
	}
	if s.public != "" {
		u, err := url.Parse(s.public)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, fmt.Errorf("the public address %q is not an http(s) address", o.PublicURL)
		}
		s.https, s.publicHost = u.Scheme == "https", u.Host
	}
	var err error
	if s.assets, err = newAssets(o.DevAssets); err != nil {
		return nil, fmt.Errorf("the app's files: %w", err)
	}
	s.metrics = newMetrics(s, o.Metrics)
	s.live = newLive(s.hub, s.log, s.stands, s.metrics)
	s.simulations = newSimulations()
	s.echo = s.routes()

	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	s.done.Go(func() { s.live.run(ctx) })
	s.done.Go(func() { s.live.watchRecord(ctx) })
	s.done.Go(func() { s.live.watchSessions(ctx) })
	s.done.Go(func() { s.tellFigures(ctx) })
	s.done.Go(func() { s.writeSeen(ctx) })
	return s, nil
}

// Handler answers everything: the app, its API, webhooks, health.
func (s *Server) Handler() http.Handler { return s.echo }

// Shutdown tells the sockets to come back elsewhere and ends the live feed. The http.Server is its owner's.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.live.shutdown(ctx)
	s.simulations.stop()
	s.stop()
	s.done.Wait()
	return err
}

// routes is the whole of the HTTP side, one line a route. Who may is the handler's first wrapper: anyone, agent,
// supervisor, admin; each has the rights of those before it.
func (s *Server) routes() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = answerError
	e.JSONSerializer = cutting{s: s}
	e.IPExtractor = s.clientIP
	e.Use(requestIDs, s.securityHeaders, s.requestLog)

	e.GET("/healthz", s.healthz)
	e.GET("/readyz", s.readyz)
	e.GET("/metrics", s.serveMetrics)
	e.Any("/hooks/:account", s.hook)
	e.Any("/hooks/:account/*", s.hook)
	e.GET("/*", s.assets.serve)

	// The live socket and files must not pass through the compressor.
	e.GET("/api/v1/live", s.agent(s.getLive))
	e.POST("/api/v1/files", s.agent(s.postFile), noStore)
	e.GET("/api/v1/files/:id/:n", s.agent(s.getFile))
	e.GET("/f/:token", s.anyone(s.getLink))

	e.POST("/api/v1/imports", s.supervisor(s.postImport), noStore)
	e.GET("/api/v1/imports/:id/errors.csv", s.supervisor(s.importErrorFile), noStore)
	for _, ending := range []string{".csv", ".jsonl"} {
		e.GET("/api/v1/exports/customers"+ending, s.supervisor(s.exportCustomers(ending)), noStore)
		e.GET("/api/v1/exports/touches"+ending, s.supervisor(s.exportTouches(ending)), noStore)
		e.GET("/api/v1/exports/organisations"+ending, s.supervisor(s.exportOrganisations(ending)), noStore)
	}

	a := e.Group("/api/v1", noStore, middleware.GzipWithConfig(middleware.GzipConfig{Level: 5, MinLength: 1024}))
	a.Any("/*", func(echo.Context) error { return echo.ErrNotFound })
	a.GET("/openapi.yaml", s.anyone(s.getOpenAPI))

	a.GET("/setup", s.anyone(s.getSetup))
	a.POST("/setup", s.anyone(s.postSetup))
	a.POST("/session", s.anyone(s.postSession))
	a.GET("/session", s.agent(s.getSession))
	a.DELETE("/session", s.agent(s.deleteSession))
	a.GET("/sessions", s.agent(s.listSessions))
	a.DELETE("/sessions/:id", s.agent(s.endSession))
	a.PATCH("/me", s.agent(s.patchMe))
	a.PUT("/me/state", s.agent(s.putState))

	a.GET("/conversations", s.agent(s.listConversations))
	a.GET("/counts", s.agent(s.getCounts))
	a.GET("/conversations/:id", s.agent(s.getConversation))
	a.GET("/conversations/:id/touches", s.agent(s.listTouches))
	a.GET("/conversations/:id/decisions", s.agent(s.listDecisions))
	a.GET("/conversations/:id/why", s.agent(s.getWhy))
	a.POST("/conversations/:id/reply", s.agent(s.postReply))
	a.POST("/conversations/:id/note", s.agent(s.postNote))
	a.POST("/conversations/:id/accept", s.agent(s.postAccept))
	a.POST("/conversations/:id/decline", s.agent(s.postDecline))
	a.POST("/conversations/:id/claim", s.agent(s.postClaim))
	a.POST("/conversations/:id/assign", s.agent(s.postAssign))
	a.POST("/conversations/:id/transfer", s.agent(s.postTransfer))
	a.POST("/conversations/:id/snooze", s.agent(s.postSnooze))
	a.POST("/conversations/:id/wake", s.agent(s.postWake))
	a.POST("/conversations/:id/resolve", s.agent(s.postResolve))
	a.POST("/conversations/:id/reopen", s.agent(s.postReopen))
	a.POST("/conversations/:id/tags", s.agent(s.postTags))
	a.POST("/conversations/:id/priority", s.agent(s.postPriority))
	a.POST("/conversations/:id/read", s.agent(s.postRead))
	a.POST("/conversations/:id/typing", s.agent(s.postTyping))
	a.POST("/conversations/:id/consult", s.agent(s.postConsult))
	a.POST("/conversations/:id/consult/join", s.agent(s.postConsultJoin))
	a.POST("/conversations/:id/consult/cancel", s.agent(s.postConsultCancel))
	a.POST("/conversations/:id/consult/complete", s.agent(s.postConsultComplete))
	a.POST("/conversations/:id/draft", s.agent(s.postDraft))
	a.POST("/conversations/:id/review", s.agent(s.postReview))
	a.POST("/conversations/:id/review/answer", s.agent(s.postVerdict))
	a.POST("/conversations/:id/flag", s.agent(s.postFlag))
	a.POST("/conversations/:id/flag/answer", s.agent(s.postFlagAnswer))
	a.POST("/conversations/:id/seen", s.agent(s.postSeen))
	a.POST("/conversations/:id/whisper", s.supervisor(s.postWhisper))
	a.POST("/conversations/:id/barge", s.supervisor(s.postBarge))
	a.POST("/conversations/:id/needs", s.agent(s.postNeeds))
	a.POST("/conversations/:id/attributes", s.agent(s.postConversationAttributes))
	a.GET("/pull", s.agent(s.getPull))
	a.GET("/agents", s.agent(s.listAgents))
	a.POST("/touches", s.agent(s.postTouches))
	a.GET("/kinds", s.agent(s.listKinds))
	a.POST("/touches/:id/retry", s.agent(s.postRetry))
	a.POST("/touches/:id/edit", s.agent(s.postEdit))
	a.GET("/touches/:id/html", s.agent(s.getHTML))
	a.GET("/touches/:id/raw", s.agent(s.getRaw))
	a.POST("/conversations", s.agent(s.postConversation))
	a.GET("/conversations/:id/recipients", s.agent(s.getRecipients))

	a.GET("/customers", s.agent(s.listCustomers))
	a.GET("/customers/:id", s.agent(s.getCustomer))
	a.POST("/customers", s.agent(s.postCustomer))
	a.PATCH("/customers/:id", s.agent(s.patchCustomer))
	a.POST("/customers/:id/identities", s.agent(s.postIdentity))
	a.GET("/customers/:id/access", s.supervisor(s.getAccess))
	a.GET("/customers/:id/touches", s.agent(s.listCustomerTouches))
	a.POST("/customers/:id/start-link", s.agent(s.postStartLink))
	a.GET("/customers/:id/history", s.agent(s.looks(s.getCustomerHistory)))
	a.GET("/customers/:id/merge", s.agent(s.previewMerge))
	a.POST("/customers/:id/merge", s.agent(s.postMerge))
	a.POST("/customers/:id/split", s.agent(s.postSplit))
	a.GET("/customers/:id/summary", s.agent(s.looks(s.getSummary)))
	a.GET("/customers/:id/map", s.agent(s.looks(s.getMap)))
	a.POST("/customers/:id/relations", s.agent(s.postRelation))
	a.DELETE("/relations/:id", s.agent(s.deleteRelation))
	a.GET("/customers/:id/consents", s.agent(s.looks(s.listConsents)))
	a.PUT("/customers/:id/consents", s.agent(s.putConsent))
	a.POST("/touches/:id/pin", s.agent(s.postPin))
	a.DELETE("/touches/:id/pin", s.agent(s.deletePin))
	a.GET("/organisations", s.agent(s.listOrganisations))
	a.POST("/organisations", s.agent(s.postOrganisation))
	a.GET("/organisations/:id", s.agent(s.getOrganisation))
	a.PATCH("/organisations/:id", s.agent(s.patchOrganisation))
	a.DELETE("/organisations/:id", s.supervisor(s.deleteOrganisation))
	a.GET("/organisations/:id/touches", s.agent(s.listOrganisationTouches))
	a.GET("/organisations/:id/summary", s.agent(s.getOrganisationSummary))
	a.GET("/organisations/:id/map", s.agent(s.getMap))
	a.PUT("/organisations/:id/members/:customer", s.agent(s.putMember))
	a.DELETE("/organisations/:id/members/:customer", s.agent(s.deleteMember))
	a.GET("/merges/:id", s.agent(s.getMerge))
	a.POST("/merges/:id/undo", s.agent(s.postMergeUndo))
	a.POST("/links/:id/undo", s.agent(s.postLinkUndo))
	a.GET("/suggestions", s.agent(s.listSuggestions)) // agents: of one customer
	a.POST("/suggestions/:id/accept", s.agent(s.postSuggestionAccept))
	a.POST("/suggestions/:id/dismiss", s.agent(s.postSuggestionDismiss))
	a.POST("/identities/:id/block", s.agent(s.postBlock))
	a.GET("/search", s.agent(s.getSearch))
	a.GET("/imports", s.supervisor(s.listImports))
	a.GET("/imports/fields", s.supervisor(s.listImportFields))
	a.GET("/imports/:id", s.supervisor(s.getImport))
	a.PATCH("/imports/:id", s.supervisor(s.patchImport))
	a.DELETE("/imports/:id", s.supervisor(s.deleteImport))
	a.GET("/imports/:id/preview", s.supervisor(s.previewImport))
	a.POST("/imports/:id/check", s.supervisor(s.moveImport("check")))
	a.POST("/imports/:id/run", s.supervisor(s.moveImport("run")))
	a.POST("/imports/:id/cancel", s.supervisor(s.moveImport("cancel")))
	a.POST("/imports/:id/undo", s.supervisor(s.moveImport("undo")))
	a.GET("/imports/:id/errors", s.supervisor(s.importErrors))
	a.GET("/supervisor", s.supervisor(s.getSupervisor))
	a.GET("/reports", s.supervisor(s.listFigures))
	a.GET("/reports/:figure", s.supervisor(s.getReport)) // "<figure>.csv": as a table
	a.GET("/reports/:figure/touches", s.supervisor(s.listReportTouches))
	a.PUT("/agents/:id/state", s.supervisor(s.putAgentState))
	a.POST("/simulations", s.supervisor(s.postSimulation))
	a.GET("/simulations/:id", s.supervisor(s.getSimulation))
	a.DELETE("/simulations/:id", s.supervisor(s.deleteSimulation))
	a.GET("/staffing", s.supervisor(s.getStaffing))
	a.POST("/agents/:id/sign-out", s.supervisor(s.postSignOut))
	a.POST("/queues/:id/close", s.supervisor(s.postQueueClose))

	a.GET("/queues", s.agent(s.listQueues))
	a.POST("/queues", s.supervisor(s.postQueue))
	a.GET("/queues/:id", s.agent(s.getQueue))
	a.PATCH("/queues/:id", s.supervisor(s.patchQueue))
	a.DELETE("/queues/:id", s.supervisor(s.deleteQueue))
	a.GET("/canned", s.agent(s.listCanned))
	a.POST("/canned", s.supervisor(s.postCanned))
	a.PATCH("/canned/:id", s.supervisor(s.patchCanned))
	a.DELETE("/canned/:id", s.supervisor(s.deleteCanned))
	a.GET("/users", s.agent(s.listUsers))
	a.POST("/users", s.admin(s.postUser))
	a.GET("/users/:id", s.agent(s.getUser))
	a.PATCH("/users/:id", s.supervisor(s.patchUser))
	a.DELETE("/users/:id", s.admin(s.deleteUser))
	a.GET("/accounts", s.agent(s.listAccounts))
	a.POST("/accounts", s.admin(s.postAccount))
	a.POST("/accounts/check", s.admin(s.checkAccount))
	a.GET("/accounts/:id", s.admin(s.getAccount))
	a.PATCH("/accounts/:id", s.admin(s.patchAccount))
	a.DELETE("/accounts/:id", s.admin(s.deleteAccount))
	a.POST("/accounts/:id/test", s.admin(s.testAccount))
	a.GET("/accounts/health", s.supervisor(s.listHealth))
	a.POST("/accounts/:id/reconnect", s.supervisor(s.postReconnect))
	a.GET("/alerts", s.supervisor(s.listAlerts))
	a.POST("/alerts/:id/ack", s.supervisor(s.ackAlert))
	a.POST("/settings/alerts/:id/test", s.supervisor(s.postAlertTest))
	a.GET("/firm", s.agent(s.getFirm))
	a.PATCH("/firm", s.admin(s.patchFirm))
	a.GET("/settings/routing", s.agent(routingSetting.get(s)))
	a.PUT("/settings/routing", s.supervisor(routingSetting.put(s)))
	a.GET("/settings/calendars", s.agent(calendarsSetting.get(s)))
	a.PUT("/settings/calendars", s.supervisor(calendarsSetting.put(s)))
	a.POST("/settings/calendars/preview", s.supervisor(s.previewCalendar))
	a.GET("/settings/sla", s.agent(slaSetting.get(s)))
	a.PUT("/settings/sla", s.supervisor(slaSetting.put(s)))
	a.GET("/settings/alerts", s.supervisor(alertsSetting.get(s)))
	a.PUT("/settings/alerts", s.supervisor(alertsSetting.put(s)))
	a.GET("/settings/kinds", s.agent(kindsSetting.get(s)))
	a.PUT("/settings/kinds", s.supervisor(kindsSetting.put(s)))
	a.GET("/settings/attributes", s.agent(attributesSetting.get(s)))
	a.PUT("/settings/attributes", s.supervisor(attributesSetting.put(s)))
	a.GET("/settings/record", s.agent(recordSetting.get(s)))
	a.PUT("/settings/record", s.supervisor(recordSetting.put(s)))
	a.POST("/settings/record/stages", s.supervisor(s.previewStages))
	a.GET("/settings/privacy", s.supervisor(privacySetting.get(s)))
	a.PUT("/settings/privacy", s.admin(privacySetting.put(s)))
	a.POST("/settings/privacy/preview", s.supervisor(s.previewRetention))
	a.POST("/settings/privacy/run", s.admin(s.runRetention))
	a.POST("/touches/:id/unmask", s.agent(s.postUnmask))
	a.GET("/customers/:id/erase", s.supervisor(s.previewErase))
	a.POST("/customers/:id/erase", s.admin(s.postErase))
	a.PUT("/customers/:id/hold", s.supervisor(s.putHold))
	a.GET("/customers/:id/export", s.supervisor(s.exportPerson))
	a.GET("/erasures", s.supervisor(s.listErasures))
	a.GET("/erasures/:id", s.supervisor(s.getErasure))
	a.GET("/audit", s.supervisor(s.listAudit))
	a.GET("/tokens", s.admin(s.listTokens))
	a.POST("/tokens", s.admin(s.postToken))
	a.DELETE("/tokens/:id", s.admin(s.deleteToken))
	return e
}
