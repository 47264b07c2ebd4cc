import { describe, expect, it } from 'vitest'
import { emptyDraft, entryOf, momentOf, problemOf, readTime } from './logEntry'

const now = new Date(2026, 10, 22, 14, 30).getTime()

describe('what is logged', () => {
  it('of a call needs nothing but its text', () => {
    const d = { ...emptyDraft('EUR'), text: ' asked for a price ', minutes: '۳', inbound: false }
    expect(problemOf(d, [], now)).toBe('')
    expect(entryOf(d, 'k1', 'c1', 'u1', [], now)).toEqual({ id: 'k1', source: 'app', kind: 'call', customer: { id: 'c1' }, agent: 'u1', at: undefined, inbound: false, text: 'asked for a price', data: { seconds: 180 } })
  })
  it('of a purchase has amounts in digits of either kind, and a currency', () => {
    const d = { ...emptyDraft('irt'), kind: 'purchase', amount: '۱٬۲۵۰٬۰۰۰', items: [{ name: ' چای ', quantity: '۲', amount: '' }, { name: '', quantity: '', amount: '' }] }
    expect(problemOf(d, [], now)).toBe('')
    expect(entryOf(d, 'k', 'c', 'u', [], now).data).toEqual({ amount: '1250000', currency: 'IRT', items: [{ name: 'چای', quantity: '2', amount: undefined }] })
    expect(problemOf({ ...d, amount: 'much' }, [], now)).toBe('amount')
    expect(problemOf({ ...d, currency: '' }, [], now)).toBe('currency')
  })
  it('leaves out what another kind was asked', () => {
    const d = { ...emptyDraft('EUR'), kind: 'shop_visit', amount: '12', outcome: 'missed', order: 'A1', place: 'Vali Asr' }
    expect(entryOf(d, 'k', 'c', 'u', [], now).data).toEqual({ place: 'Vali Asr' })
  })
  it('of an own kind has its fields, and those that are needed', () => {
    const fields = [{ id: 'device', name: {}, type: 'text' as const, required: true }, { id: 'warranty', name: {}, type: 'yes_no' as const }]
    const d = { ...emptyDraft(), kind: 'x_repair', fields: { warranty: false } as Record<string, unknown> }
    expect(problemOf(d, fields, now)).toBe('field device')
    d.fields.device = 'drill'
    expect(problemOf(d, [...fields, { id: 'hours', name: {}, type: 'number' as const }], now)).toBe('')
    expect(problemOf({ ...d, fields: { ...d.fields, hours: 'many' } }, [...fields, { id: 'hours', name: {}, type: 'number' as const }], now)).toBe('field hours')
    expect(entryOf(d, 'k', 'c', 'u', fields, now).data).toEqual({ fields: { device: 'drill', warranty: false } })
  })
  it('a note without words is none', () => expect(problemOf({ ...emptyDraft(), kind: 'note' }, [], now)).toBe('text'))
})

it('a moment is now, a day, or an hour of it', () => {
  expect(momentOf({ day: '', time: '' }, now)).toBeUndefined()
  expect(momentOf({ day: '2026-11-22', time: '' }, now)).toBeUndefined()
  expect(momentOf({ day: '2026-11-20', time: '' }, now)).toBe(new Date(2026, 10, 20, 12).getTime())
  expect(momentOf({ day: '2026-11-20', time: '۹:۰۵' }, now)).toBe(new Date(2026, 10, 20, 9, 5).getTime())
  expect(momentOf({ day: '', time: '8' }, now)).toBe(new Date(2026, 10, 22, 8).getTime())
  expect(momentOf({ day: '', time: 'noon' }, now)).toBeNaN()
  expect([readTime('24:00'), readTime('12:61'), readTime('1:2:3')]).toEqual([undefined, undefined, undefined])
})
