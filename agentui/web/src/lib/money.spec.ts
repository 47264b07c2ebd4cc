import { afterEach, expect, test } from 'vitest'
import { locale } from '@/i18n'
import type { RecordTouch } from '@/api'
import { money } from './money'
import { touchItems } from './touchWords'

const before = locale.value
afterEach(() => { locale.value = before })

test('amounts have all of their currency’s digits, or none', () => {
  locale.value = 'en'
  expect(money('145.5', 'GBP')).toBe('£145.50')
  expect(money(145, 'GBP')).toBe('£145')
  expect(money('0.05', 'EUR')).toBe('€0.05')
  expect(money(1500, 'JPY')).toBe('¥1,500')
})

test('an amount behind a Persian name keeps its direction', () => {
  locale.value = 'en'
  const x = { data: { currency: 'GBP', items: [{ name: 'چای', quantity: 1, amount: '38' }] } } as unknown as RecordTouch
  expect(touchItems(x)[0]).toBe('\u2068چای\u2069 · \u2068£38\u2069')
})
