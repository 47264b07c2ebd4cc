// What colleagues ask and tell one another in the stand-in hub, and what the router says of its decisions.

const minute = 60_000

/** One conversation of mine in which a colleague helps, and one of another's in which I am asked for everything. */
export function colleagues(hub, mine, theirs) {
  const now = Date.now()
  const leave = (c, by, kind, text, more = {}) => Object.assign(hub.put(c, { inbound: false, kind, text, at: now - 2 * minute, author: { kind: 'agent', id: by }, state: '' }), more)
  const fa = hub.firm.locale === 'fa'
  leave(mine, 'u4', 'whisper', fa ? 'ارسال رایگان پیشنهاد کنید؛ مشتری قدیمی است.' : 'Offer her free delivery: she has been with us for years.')
  leave(mine, 'u3', 'draft', fa ? 'بله، میز گردوی ۱۴۰ در ۷۰ موجود است؛ دو عدد در انبار تهران داریم.' : 'Yes, the walnut desk is in stock in 140 × 70: two of them in the Tehran store.')
  const review = leave(mine, 'u1', 'review', fa ? 'مبلغ ۴٬۸۰۰٬۰۰۰ ریال امروز برگشت داده می‌شود.' : 'The 48 € are refunded today.')
  leave(mine, 'u4', 'verdict', fa ? 'خوب است.' : 'Good.', { score: 1, of: review.id })
  Object.assign(mine, { consult: { agent: 'u3', by: 'u1', at: now - 4 * minute, joined: now - 3 * minute }, barged: ['u4'], needs: [{ skill: fa ? 'مبلمان' : 'Furniture', level: 3 }], tier: 'gold', sla: { policy: 'p1', clocks: [{ kind: 'next', target: 600_000, since: now - 8 * minute, due: now + 2 * minute, warned: true }] } })
  const asked = leave(theirs, 'u2', 'review', fa ? 'صورتحساب درست است و دوباره فرستاده نمی‌شود.' : 'The invoice is right as it is; we shall not send it again.')
  const flag = leave(theirs, 'u2', 'flag', fa ? 'دو بار از او پول گرفته شده؛ این سومین مشتری امروز است.' : 'She was charged twice, and she is the third customer today.')
  Object.assign(theirs, { consult: { agent: 'u1', by: 'u2', at: now - minute }, review: { touch: asked.id, by: 'u2', at: now - 2 * minute }, flag: { touch: flag.id, by: 'u2', at: now - 2 * minute }, sla: { policy: 'p1', clocks: [{ kind: 'first', target: 300_000, since: now - 20 * minute, due: now - 15 * minute, broken: true }] } })
}

/** Flags and reviews that wait, as the live page lists them. */
export const asks = (hub, what) => [...hub.conversations.values()].flatMap((c) => (c[what] ? [{ conversation: c.id, number: c.number, ask: c[what] }] : []))

/** Why a conversation waits, and what was decided about it. */
export function why(hub, c) {
  const now = Date.now()
  const event = (i, kind, more, reason) => ({ v: 1, id: `w${i}`, kind, at: now - i * minute, by: { kind: 'system', id: 'router' }, conversation: { ...c, ...more }, reason: { engine: 1, now: now - i * minute, last: hub.id(), waited: 95_000, score: 12, candidates: ['u1', 'u3', 'u4'], excluded: { u2: 'break', u5: 'capacity', u6: 'skill:German' }, ...reason } })
  const waits = c.status === 'waiting'
  return {
    waiting: waits ? { now, score: 14.2, position: 2, waited: now - c.waiting_since, since: c.waiting_since, needs: [{ skill: 'German', level: 2 }, { skill: 'Refunds', drop_after: 1200 }], next: { at: now + 40_000, what: 'ring' }, reasons: [{ agent: 'u2', reason: 'break' }, { agent: 'u5', reason: 'capacity' }, { agent: 'u6', reason: 'skill', skill: 'German' }, { agent: 'u3', reason: 'declined', until: now + 3 * minute }] } : null,
    decisions: [
      ...(c.owner ? [event(3, 'conversation.offered', { offered_to: c.owner }, { code: 'longest_idle' })] : []),
      event(4, 'conversation.timed_out', { offered_to: 'u5' }, { code: 'timeout', candidates: [] }),
      event(5, 'conversation.overflowed', { queue: hub.queues.at(-1).id }, { code: 'overflow_wait', candidates: [] }),
    ],
  }
}
