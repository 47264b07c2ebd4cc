package inbox

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// pipe sends the commands of many callers in few round trips. Each of its writers takes what waits,
// sends it as one pipeline and waits for nothing more: alone a command leaves at once, under load
// pipelines grow by themselves (half the CPU of both sides).
type pipe struct {
	rdb  redis.UniversalClient
	jobs chan *job
}

type job struct {
	cmd  *redis.Cmd
	done chan struct{}
}

const (
	pipeWriters = 2
	pipeMost    = 256 // commands of one pipeline
)

func newPipe(rdb redis.UniversalClient) *pipe {
	return &pipe{rdb: rdb, jobs: make(chan *job, 4*pipeMost)}
}

// run serves until ctx ends; then every waiting call fails with its context's error.
func (p *pipe) run(ctx context.Context) error {
	done := make(chan struct{})
	for range pipeWriters - 1 {
		go func() { p.write(ctx); done <- struct{}{} }()
	}
	p.write(ctx)
	for range pipeWriters - 1 {
		<-done
	}
	return ctx.Err()
}

func (p *pipe) write(ctx context.Context) {
	batch := make([]*job, 0, pipeMost)
	cmds := make([]redis.Cmder, 0, pipeMost)
	for {
		batch, cmds = batch[:0], cmds[:0]
		select {
		case <-ctx.Done():
			return
		case j := <-p.jobs:
			batch = append(batch, j)
		}
	take:
		for len(batch) < pipeMost {
			select {
			case j := <-p.jobs:
				batch = append(batch, j)
			default:
				break take
			}
		}
		pl := p.rdb.Pipeline()
		for _, j := range batch {
			_ = pl.Process(ctx, j.cmd)
		}
		// Each command carries its own error.
		if _, err := pl.Exec(ctx); err != nil {
			for _, j := range batch {
				if j.cmd.Err() == nil && j.cmd.Val() == nil {
					j.cmd.SetErr(err)
				}
			}
		}
		for _, j := range batch {
			close(j.done)
		}
	}
}

// eval runs a script by its SHA, loading it when Redis does not know it (after a restart).
func (p *pipe) eval(ctx context.Context, script *redis.Script, keys []string, args []any) ([]any, error) {
	for range 2 {
		list := make([]any, 0, 3+len(keys)+len(args))
		list = append(list, "evalsha", script.Hash(), len(keys))
		for _, k := range keys {
			list = append(list, k)
		}
		list = append(list, args...)
		cmd := redis.NewCmd(ctx, list...)
		cmd.SetFirstKeyPos(3)
		j := &job{cmd: cmd, done: make(chan struct{})}
		select {
		case p.jobs <- j:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		select {
		case <-j.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		res, err := cmd.Slice()
		if err == nil {
			return res, nil
		}
		if !redis.HasErrorPrefix(err, "NOSCRIPT") {
			return nil, err
		}
		if err := script.Load(ctx, p.rdb).Err(); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("redis forgets the script at once")
}
