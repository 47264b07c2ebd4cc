package inbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Redis is an open live store.
type Redis struct {
	redis.UniversalClient
	InProcess bool
	mini      *miniredis.Miniredis
}

// OpenRedis connects to redis://, rediss:// (one server), redis-cluster:// or redis-sentinel://host:port,host:port/master;
// "" starts one in this process. It refuses a server that may evict what it holds.
func OpenRedis(ctx context.Context, address string) (*Redis, error) {
	if address == "" {
		m := miniredis.NewMiniRedis()
		// Loopback, not the in-memory pipe: go-redis' pipelines time out over that.
		if err := m.StartAddr("127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("start the in-process redis: %w", err)
		}
		return &Redis{redis.NewClient(tune(&redis.Options{Addr: m.Addr()})), true, m}, nil
	}
	scheme, rest, _ := strings.Cut(address, "://")
	var c redis.UniversalClient
	switch scheme {
	case "redis", "rediss", "unix":
		o, err := redis.ParseURL(address)
		if err != nil {
			return nil, errors.New("the address of redis cannot be read; it looks like redis://user:password@host:6379/0")
		}
		c = redis.NewClient(tune(o))
	case "redis-cluster", "rediss-cluster":
		o, err := redis.ParseClusterURL(strings.TrimSuffix(scheme, "-cluster") + "://" + rest)
		if err != nil {
			return nil, errors.New("the address of the redis cluster cannot be read; it looks like redis-cluster://host:6379?addr=host2:6379")
		}
		o.MaxRetries, o.ContextTimeoutEnabled = -1, true
		c = redis.NewClusterClient(o)
	case "redis-sentinel":
		hosts, master, ok := strings.Cut(rest, "/")
		if !ok || master == "" {
			return nil, errors.New("the address of the sentinels cannot be read; it looks like redis-sentinel://host:26379,host2:26379/master")
		}
		c = redis.NewFailoverClient(&redis.FailoverOptions{MasterName: master, SentinelAddrs: strings.Split(hosts, ","),
			MaxRetries: -1, ContextTimeoutEnabled: true})
	default:
		return nil, fmt.Errorf("the live store can be redis://, rediss://, redis-cluster:// or redis-sentinel://, not %s://", scheme)
	}
	policy, err := c.ConfigGet(ctx, "maxmemory-policy").Result()
	if err != nil && !isCommandRefused(err) {
		c.Close()
		return nil, fmt.Errorf("redis does not answer: %w", err)
	}
	if p := policy["maxmemory-policy"]; p != "" && p != "noeviction" {
		c.Close()
		return nil, fmt.Errorf("redis is set to evict keys (maxmemory-policy %s); Tamas needs noeviction", p)
	}
	return &Redis{UniversalClient: c}, nil
}

// tune turns go-redis' own retries off: whether a command ran is decided by its key, not by hope.
func tune(o *redis.Options) *redis.Options {
	o.MaxRetries = -1
	o.ContextTimeoutEnabled = true
	o.DialTimeout = 2 * time.Second
	o.ReadTimeout = 3 * time.Second
	return o
}

// isCommandRefused tells that a managed server hides CONFIG.
func isCommandRefused(err error) bool {
	s := err.Error()
	return strings.Contains(s, "unknown command") || strings.Contains(s, "NOPERM")
}

// run is the clock of the in-process server, whose keys do not expire by themselves. The leases are the only ones that
// would: one that was lost without being given back (a pause longer than it, say) must become free again.
func (r *Redis) run(ctx context.Context) error {
	if r.mini == nil {
		return nil
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-tick.C:
			r.mini.FastForward(now.Sub(last))
			last = now
		}
	}
}

// Close ends the connections, and the in-process server.
func (r *Redis) Close() error {
	err := r.UniversalClient.Close()
	if r.mini != nil {
		r.mini.Close()
	}
	return err
}
