// Reports, staffing and simulations of the stand-in hub: figures by their real names (figures.json, as GET /reports gives them), values
// that look like a firm's days.
import { readFileSync } from 'node:fs'

const figures = JSON.parse(readFileSync(new URL('figures.json', import.meta.url), 'utf8'))
const day = 86_400_000
const hour = 3_600_000
const steps = { half_hour: hour / 2, hour, day, week: 7 * day, month: 30 * day }
// The same for the same question: a number from 0 to 1 by any words.
const chance = (...words) => {
  let h = 2166136261
  for (const c of words.join('/')) h = Math.imul(h ^ c.charCodeAt(0), 16777619)
  return ((h ^ (h >>> 13)) >>> 0) / 2 ** 32
}
/** How much comes in an hour of the week (Sunday is 0), 0 to 1. */
const tide = (weekday, h) => (weekday === 5 ? 0.25 : 1) * Math.max(0, Math.exp(-((h - 11) ** 2) / 9) + 0.8 * Math.exp(-((h - 16) ** 2) / 7) - 0.02)

function row(f, key, weight, base) {
  const x = chance(f.id, key)
  const count = Math.round(weight * (0.7 + 0.6 * x) * base)
  if (!count) return { key, count: 0, value: f.unit === 'count' ? 0 : null }
  switch (f.unit) {
    case 'count': return { key, count, value: count }
    case 'share': return { key, count: Math.round(count * (0.72 + 0.25 * x)), of: count, value: 0.72 + 0.25 * x }
    case 'score': return { key, count, value: 31 + 20 * x }
    case 'ratio': return { key, count, value: 1.2 + 1.4 * x }
    default: {
      const mean = (f.id === 'resolution_time' ? 4.4 * hour : f.id === 'state_time' ? count * 180_000 : f.id === 'aht' ? 380_000 : 74_000) * (0.6 + x)
      return { key, count, value: mean, mean, p50: mean * 0.62, p90: mean * 2.3, p95: mean * 3.1, max: mean * 9.7 }
    }
  }
}

export function report(hub, id, q) {
  const f = figures.find((x) => x.id === id)
  if (!f) throw { status: 404, code: 'not_found', message: 'There is no such figure.' }
  const [from, to] = [Number(q.from), Number(q.to)]
  const many = hub.conversations.size > 100
  const base = hub.conversations.size ? (many ? 9000 : 40) : 0
  const keys = {
    time: () => Array.from({ length: Math.min(750, Math.max(1, Math.round((to - from) / steps[q.step ?? 'day']))) }, (_, i) => { const at = from + i * steps[q.step ?? 'day']; const d = new Date(at); return [String(at), q.step === 'hour' || q.step === 'half_hour' ? tide(d.getDay(), d.getHours() + d.getMinutes() / 60) / 5 : d.getDay() === 5 ? 0.2 : 1] }),
    queue: () => hub.queues.map((x, i) => [x.id, 1 / (i + 1)]),
    agent: () => hub.users.slice(1).map((x, i) => [x.id, 1 / (i + 2)]),
    channel: () => hub.accounts.slice(0, 4).map((a, i) => [a.kind, 1 / (i + 1)]),
    tag: () => [['delivery', 0.8], ['billing', 0.5], ['تحویل', 0.4], ['vip', 0.2], ['', 1.2]],
    hour_of_week: () => Array.from({ length: 168 }, (_, i) => [String(i), tide(Math.floor(i / 24), i % 24)]),
    reason: () => (f.id === 'state_time' ? [['available', 3], ['busy', 1], ['break/lunch', 0.6], ['break/Team meeting', 0.3], ['wrap_up', 0.4], ['not_responding', 0.1], ['offline', 2]] : [['transfer', 1], ['overflow', 0.4], ['', 0.2]]),
    age: () => [[hour, 1], [4 * hour, 0.8], [day, 0.6], [3 * day, 0.4], [7 * day, 0.2], [30 * day, 0.1], ['older', 0.05]].map(([k, w]) => [String(k), w]),
  }[q.by ?? '']
  const rows = (keys?.() ?? []).map(([key, weight]) => row(f, key, weight * (q.agent ? chance(q.agent) : 1), base)).filter((r) => q.by === 'time' || r.count)
  if (q.by !== 'time') rows.sort((a, b) => (b.value ?? 0) - (a.value ?? 0))
  return { figure: id, clock: q.clock ?? 'wall', rows, total: { ...row(f, '', 7, base), key: '' }, until: Date.now() - 4000, behind: 0, days: Math.round((to - from) / day) }
}

/** What a number was made of. */
export function items(hub, q) {
  const all = [...hub.conversations.values()].slice(0, 200)
  const from = Number(q.after) || 0
  return { items: all.slice(from, from + 50).map((c) => ({ kind: 'message', conversation: c.id, number: c.number, customer_name: hub.view(c).customer.name || hub.view(c).address, queue: c.queue, agent: c.owner || undefined, channel: c.channel, at: c.last_message_at, value: Math.round(chance(c.id) * 240_000), ok: true })), next: all.length > from + 50 ? String(from + 50) : undefined }
}

export function staffing(hub) {
  const base = hub.conversations.size ? (hub.conversations.size > 100 ? 60 : 9) : 0
  const slots = Array.from({ length: 336 }, (_, slot) => {
    const volume = base * tide(Math.floor(slot / 48), (slot % 48) / 2)
    const agents = volume < 0.1 ? 0 : Math.ceil(volume / 4 + 1)
    return { slot, volume, agents, level: agents ? 0.8 + 0.15 * chance('l', slot) : 1, asa_ms: agents ? 21_000 : 0, occupancy: agents ? volume / 4 / agents : 0, abandoned: 0 }
  })
  return { slots, weeks_used: base ? 4 : 0, aht_ms: 402_000, aht_source: 'measured', contacts: Math.round(slots.reduce((n, s) => n + s.volume, 0) * 4) }
}

/** A simulation that is at the given progress. */
export function simulation(asked, progress) {
  const at = (k) => Date.now() - 3 * day + k * (hour / 2)
  return {
    id: 'sim1', progress, done: progress >= 1,
    results: progress < 1 ? [] : asked.policies.map((p, i) => ({
      name: p.name, arrived: 12_431, answered: 11_902 + 180 * i, abandoned: 529 - 180 * i, left_behind: 0, service_level: 0.741 + 0.09 * i, asa_ms: 48_000 - 13_000 * i, wait_p90_ms: 131_000 - 30_000 * i, wait_max_ms: 912_000 - 90_000 * i, occupancy: 0.86 - 0.04 * i,
      by_queue: ['q1', 'q2', 'q3'].map((queue, n) => ({ queue, arrived: 4000 - n * 800, answered: 3900 - n * 800, abandoned: 100, in_target: 3000 - n * 700 + 90 * i, asa_ms: 48_000 - 9000 * n - 4000 * i })),
      by_half_hour: Array.from({ length: 144 }, (_, k) => { const busy = tide(new Date(at(k)).getDay(), (k / 2) % 24); return { at: at(k), arrived: Math.round(70 * busy), answered: Math.round(68 * busy), in_target: Math.round(70 * busy * Math.min(1, 0.7 + 0.1 * i + 0.2 * chance(k))), waiting: Math.max(0, (9 - 3 * i) * busy * (0.5 + chance('w', k))) } }),
    })),
  }
}

export { figures }
