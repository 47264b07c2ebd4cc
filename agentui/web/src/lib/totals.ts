import type { QueueView } from '@/api'
import { targetOf } from './trouble'

/** Several queues as one: sums, and shares of the sums rather than means of shares. */
export function totalOf(list: readonly QueueView[], now = Date.now()) {
  const sum = (f: (q: QueueView) => number) => list.reduce((n, q) => n + f(q), 0)
  const offered = sum((q) => q.offered_today)
  // Answered within the target ÷ all but those who gave up within it, as each queue counts it itself.
  const counted = list.filter((q) => q.service_level_today !== null && q.service_level_today !== undefined)
  const base = (q: QueueView) => (q.service_level_today ? q.answered_in_target_today / q.service_level_today : q.offered_today - q.abandoned_short_today || q.answered_today)
  const of = counted.reduce((n, q) => n + base(q), 0)
  const since = list.map((q) => q.longest_wait_since || 0).filter(Boolean)
  return {
    waiting: sum((q) => q.waiting),
    active: sum((q) => q.active + q.offered),
    broken: sum((q) => q.broken),
    /** Since when who has waited longest does; 0: nobody waits. */
    longest: since.length ? Math.min(...since) : 0,
    late: list.some((q) => q.waiting && q.longest_wait_since && now - q.longest_wait_since > targetOf(q)),
    level: of > 0 ? Math.min(1, counted.reduce((n, q) => n + q.answered_in_target_today, 0) / of) : null,
    abandonment: offered ? sum((q) => q.abandoned_today) / offered : null,
  }
}
