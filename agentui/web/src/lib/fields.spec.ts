import { describe, expect, it } from 'vitest'
import type { Field } from '@/api'
import { fieldShown, fillSignature, settingsOf } from './fields'

const field = (key: string, when?: string): Field => ({ key, type: 'text', label: { en: key, fa: key }, when })
const fields = [field('provider'), field('sid', 'provider=twilio,vonage'), field('key', 'provider=kavenegar'), field('proxy', 'tls=true')]

describe('fields', () => {
  it('are shown while the other one has one of the values', () => {
    expect(fieldShown(fields[0]!, {})).toBe(true)
    expect(fieldShown(fields[1]!, { provider: 'vonage' })).toBe(true)
    expect(fieldShown(fields[1]!, { provider: 'kavenegar' })).toBe(false)
    expect(fieldShown(fields[1]!, {})).toBe(false)
    expect(fieldShown(fields[3]!, { tls: true })).toBe(true)
  })
  it('that are not shown are not sent, and unknown settings stay', () => {
    expect(settingsOf(fields, { provider: 'twilio', sid: 'AC1', key: 'left over', proxy: '' }, { provider: 'kavenegar', own: 1 })).toEqual({ own: 1, provider: 'twilio', sid: 'AC1' })
  })
})
it('a signature takes the names', () => {
  expect(fillSignature('{agent}\n{firm}, {queue} {other}\n', { agent: 'Sara', queue: 'Sales', firm: 'Lotus' })).toBe('Sara\nLotus, Sales {other}')
})
