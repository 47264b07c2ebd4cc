import { beforeAll, expect, it } from 'vitest'
import { setLocale } from '@/i18n'
import { dirOf, leftToRight, plainAddress, rowName } from './names'

beforeAll(() => setLocale('en'))

it('a phone number keeps its plus in front in a page of either direction', () => {
  expect(leftToRight('+98 912 345')).toBe('\u200e+98 912 345')
  expect(leftToRight('a@example.com')).toBe('a@example.com')
})

it('a text’s direction is that of its first letter', () => {
  expect(dirOf('سلام، order 12')).toBe('rtl')
  expect(dirOf('12: hello سلام')).toBe('ltr')
  expect(dirOf('+98 912')).toBeUndefined()
})

it('whose a conversation is, is told also when the customer was erased, or is not known yet', () => {
  const row = { customer: { name: '' }, address: '', channel: 'sms', thread: '+98912' }
  expect(rowName({ ...row, address: '+98912' })).toBe('\u200e+98912')
  expect(rowName(row)).toBe('Unknown customer')
  expect(rowName({ ...row, thread: 'erased/c1' })).toBe('Erased')
  expect(plainAddress('sms', '')).toBe('Erased')
})
