import type { QueueView } from '@/api'
import { targetOf } from './trouble'

/** Several queues as one: sums, and shares of the sums rather than means of shares. */
export function totalOf(list: readonly QueueView[], now = Date.now()) {
  const sum = (f: (q: QueueView) => number) => list.reduce((n, q) => n + f(q), 0)
  const [ended, of] = [sum((q) => q.ended_today), sum((q) => q.service_level_of_today)]
  const since = list.map((q) => q.longest_wait_since || 0).filter(Boolean)
  return {
    waiting: sum((q) => q.waiting),
    active: sum((q) => q.active),
    broken: sum((q) => q.broken),
    /** Since when who has waited longest does; 0: nobody waits. */
    longest: since.length ? Math.min(...since) : 0,
    late: list.some((q) => q.waiting && q.longest_wait_since && now - q.longest_wait_since > targetOf(q)),
    level: of ? sum((q) => q.answered_in_target_today) / of : null,
    abandonment: ended ? sum((q) => q.abandoned_today) / ended : null,
  }
}
