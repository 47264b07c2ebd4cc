package main

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"tamas/inbox"
)

// usage is what the hub's process and its Redis have used so far.
type usage struct {
	cpu, redisCPU   float64 // seconds
	own             float64 // the bench's
	resident, heap  float64 // bytes; heap with stacks
	events, batches float64 // recorded
	mails           float64 // received
}

func (h *benchHub) usage(ctx context.Context) (u usage, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.base+"/metrics", nil)
	if err != nil {
		return u, err
	}
	req.Header.Set("Authorization", "Bearer "+h.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return u, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		v, _ := strconv.ParseFloat(value, 64)
		switch name {
		case "process_cpu_seconds_total":
			u.cpu = v
		case "process_resident_memory_bytes":
			u.resident = v
		case "go_memstats_heap_alloc_bytes", "go_memstats_stack_inuse_bytes":
			u.heap += v
		case "tamas_recorded_total":
			u.events = v
		case `tamas_received_total{channel="email"}`:
			u.mails = v
		case "tamas_record_batch_events_count":
			u.batches = v
		}
	}
	var self syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		return u, err
	}
	u.own = float64(self.Utime.Nano()+self.Stime.Nano()) / 1e9
	if h.redis != nil {
		info := redisInfo(ctx, h.redis, "cpu")
		user, _ := strconv.ParseFloat(info["used_cpu_user"], 64)
		sys, _ := strconv.ParseFloat(info["used_cpu_sys"], 64)
		u.redisCPU = user + sys
	}
	return u, lines.Err()
}

// redisInfo is a section of INFO; what cannot be had is missing.
func redisInfo(ctx context.Context, r *inbox.Redis, section string) map[string]string {
	out := map[string]string{}
	text, _ := r.Info(ctx, section).Result()
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			out[k] = v
		}
	}
	return out
}
