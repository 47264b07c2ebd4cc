import type { AttributeField, Entry, TouchItem } from '@/api'
import { readNumber } from '@/i18n/digits'
import { amountOf, emptyValue, readField } from './fieldValue'
import { dayBegins, isoOf } from './typedDate'

// What somebody typed about a call, a visit or a purchase, as the hub takes it.

export interface LogDraft {
  kind: string
  text: string
  /** Empty: now. An ISO date, with a time of the day that may be empty. */
  day: string
  time: string
  inbound: boolean
  minutes: string
  outcome: string
  amount: string
  currency: string
  order: string
  place: string
  programme: string
  step: string
  items: { name: string; quantity: string; amount: string }[]
  fields: Record<string, unknown>
}

export const emptyDraft = (currency = ''): LogDraft => ({ kind: 'call', text: '', day: '', time: '', inbound: true, minutes: '', outcome: '', amount: '', currency, order: '', place: '', programme: '', step: '', items: [], fields: {} })

/** Which of the fields a kind asks for. */
export const asks: Record<string, ('inbound' | 'minutes' | 'outcome' | 'amount' | 'items' | 'order' | 'place' | 'programme' | 'step')[]> = {
  call: ['inbound', 'minutes', 'outcome'], shop_visit: ['place', 'minutes'], purchase: ['amount', 'items', 'order', 'place'], return: ['amount', 'items', 'order'],
  delivery: ['order', 'step'], programme: ['programme', 'step'], self_service: [], event: ['place'], note: [],
}
export const asksFor = (kind: string) => asks[kind] ?? []

/** readTime reads an hour of the day: "9:30", "۰۹:۳۰", "9"; undefined: it is none. */
export function readTime(text: string): number | undefined {
  const [h, m = 0, ...more] = text.trim().split(/[:.]/).map((x) => readNumber(x))
  return h === undefined || m === undefined || more.length || h > 23 || m > 59 || !Number.isInteger(h) || !Number.isInteger(m) ? undefined : (h * 60 + m) * 60_000
}

/** When it happened; undefined: now. NaN: no such moment. */
export function momentOf(d: Pick<LogDraft, 'day' | 'time'>, now: number): number | undefined {
  if (!d.day && !d.time.trim()) return undefined
  const day = new Date(dayBegins(d.day || isoOf(now)))
  if (!d.time.trim()) return d.day && d.day !== isoOf(now) ? day.setHours(12) : undefined
  const at = readTime(d.time)
  return at === undefined ? NaN : day.setHours(0, at / 60_000)
}

/** entryOf is what is sent. A draft is whole when problemOf finds nothing. */
export function entryOf(d: LogDraft, id: string, customer: string, agent: string, fields: readonly AttributeField[], now: number): Entry {
  const wants = new Set(asksFor(d.kind))
  const typed = <K extends keyof LogDraft>(k: K, want: string) => (wants.has(want as never) ? String(d[k]).trim() || undefined : undefined)
  const items: TouchItem[] = wants.has('items') ? d.items.filter((i) => i.name.trim()).map((i) => ({ name: i.name.trim(), quantity: amountOf(i.quantity), amount: amountOf(i.amount) })) : []
  const amount = wants.has('amount') ? amountOf(d.amount) : undefined
  const minutes = wants.has('minutes') ? readNumber(d.minutes) : undefined
  const own = Object.fromEntries(fields.flatMap((f) => {
    const r = readField(f, d.fields[f.id])
    return 'value' in r && r.value !== null ? [[f.id, r.value]] : []
  }))
  const data = {
    amount, currency: amount !== undefined || items.some((i) => i.amount !== undefined) ? d.currency.trim().toUpperCase() || undefined : undefined, items: items.length ? items : undefined,
    order: typed('order', 'order'), place: typed('place', 'place'), outcome: typed('outcome', 'outcome'), programme: typed('programme', 'programme'), step: typed('step', 'step'),
    seconds: minutes ? Math.round(minutes * 60) : undefined, fields: Object.keys(own).length ? own : undefined,
  }
  const known = Object.fromEntries(Object.entries(data).filter(([, v]) => v !== undefined))
  return {
    id, source: 'app', kind: d.kind, customer: { id: customer }, agent, at: momentOf(d, now), inbound: wants.has('inbound') ? d.inbound : undefined,
    text: d.text.trim() || undefined, ...(Object.keys(known).length ? { data: known } : {}),
  }
}

/** problemOf names the field that cannot be sent as it is. */
export function problemOf(d: LogDraft, fields: readonly AttributeField[], now: number): 'text' | 'time' | 'amount' | 'items' | 'currency' | 'minutes' | `field ${string}` | '' {
  const wants = new Set(asksFor(d.kind))
  if (Number.isNaN(momentOf(d, now) ?? 0)) return 'time'
  if (d.kind === 'note' && !d.text.trim()) return 'text'
  if (wants.has('minutes') && d.minutes.trim() && readNumber(d.minutes) === undefined) return 'minutes'
  if (wants.has('amount') && d.amount.trim() && amountOf(d.amount) === undefined) return 'amount'
  if (wants.has('items') && d.items.some((i) => (i.amount.trim() && amountOf(i.amount) === undefined) || (i.quantity.trim() && amountOf(i.quantity) === undefined))) return 'items'
  const priced = (wants.has('amount') && d.amount.trim()) || (wants.has('items') && d.items.some((i) => i.amount.trim()))
  if (priced && !/^[A-Za-z]{3}$/.test(d.currency.trim())) return 'currency'
  const bare = fields.find((f) => (f.required && emptyValue(d.fields[f.id])) || 'wrong' in readField(f, d.fields[f.id]))
  return bare ? `field ${bare.id}` : ''
}
