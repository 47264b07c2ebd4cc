import { afterEach, expect, it } from 'vitest'
import { latin, readNumber, typedNumber } from './digits'
import { locale } from '.'

afterEach(() => void (locale.value = 'en'))

it('numbers stand in the language’s digits', () => {
  expect([0, 12.5, 1440, 1 / 3].map(typedNumber)).toEqual(['0', '12.5', '1440', '0.33'])
  locale.value = 'fa'
  expect([0, 12.5, 1440, 1 / 3].map(typedNumber)).toEqual(['۰', '۱۲٫۵', '۱۴۴۰', '۰٫۳۳'])
})

it('are read in digits of either kind, whichever the language', () => {
  expect(['80', ' ۸۰ ', '٨٠', '۱۲٫۵', '12.5', '۱۲.۵', '.5', '5.', '۰'].map(readNumber)).toEqual([80, 80, 80, 12.5, 12.5, 12.5, 0.5, 5, 0])
  expect(['', '.', '-1', '1e3', '1,5', '۱٬۰۰۰', 'ten', '0x10', '1 0', 'Infinity'].map(readNumber)).toEqual(Array(10).fill(undefined))
  expect(latin('۰۹:۳۰ ٠٩:٣٠ 09:30 نه')).toBe('09:30 09:30 09:30 نه')
})
