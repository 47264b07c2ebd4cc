import { dayBegins, readDate } from './typedDate'

/** What a timeline shows. Empty: everything. Days are ISO dates, the last one included. */
export interface TouchFilter {
  kinds: string[]
  channels: string[]
  agent: string
  text: string
  from: string
  to: string
  /** A currency: what the value in it was made of. */
  value: string
}

export const everything: TouchFilter = { kinds: [], channels: [], agent: '', text: '', from: '', to: '', value: '' }

type Loose = Record<string, unknown>
const one = (v: unknown) => (typeof v === 'string' ? v : Array.isArray(v) && typeof v[0] === 'string' ? v[0] : '')
const many = (v: unknown) => [...new Set(one(v).split(',').map((x) => x.trim()).filter(Boolean))]

/** filterOf reads a filter out of an address. */
export function filterOf(query: Loose): TouchFilter {
  return { kinds: many(query.kind), channels: many(query.channel), agent: one(query.agent), text: one(query.text), from: readDate(one(query.from)) ?? '', to: readDate(one(query.to)) ?? '', value: one(query.value) }
}

/** queryOf writes it into an address, what is empty left out. */
export function queryOf(f: TouchFilter): Record<string, string> {
  const all = { kind: f.kinds.join(','), channel: f.channels.join(','), agent: f.agent, text: f.text.trim(), from: f.from, to: f.to, value: f.value }
  return Object.fromEntries(Object.entries(all).filter(([, v]) => v))
}

/** askOf is the filter as the hub takes it: moments, the last one exclusive. */
export function askOf(f: TouchFilter): Record<string, string | number> {
  const { from, to, ...rest } = queryOf(f)
  return { ...rest, ...(from ? { from: dayBegins(from) } : {}), ...(to ? { to: dayBegins(to, 1) } : {}) }
}

export const isEverything = (f: TouchFilter) => !Object.keys(queryOf(f)).length
