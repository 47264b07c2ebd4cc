import { describe, expect, it } from 'vitest'
import { setLocale } from '@/i18n'
import { dayBegins, isoOf, readDate, typedDate } from './typedDate'

describe('a day that is typed', () => {
  it('is read in both calendars and in digits of either kind', () => {
    expect(readDate('2026-11-22')).toBe('2026-11-22')
    expect(readDate(' 2026/3/21 ')).toBe('2026-03-21')
    expect(readDate('1405/1/1')).toBe('2026-03-21')
    expect(readDate('۱۴۰۵/۰۹/۰۱')).toBe('2026-11-22')
    expect(readDate('۱۴۰۳-۱۲-۳۰')).toBe('2025-03-20') // a leap year
  })
  it('is refused where there is no such day', () => {
    for (const x of ['', 'tomorrow', '2026-02-30', '1404/12/30', '1405/13/1', '1405/7/31', '22/11/2026']) expect(readDate(x), x).toBeUndefined()
  })
  it('is written back in the reader’s calendar', async () => {
    expect(typedDate('2026-11-22', false)).toBe('2026-11-22')
    await setLocale('fa')
    expect(typedDate('2026-11-22', true)).toBe('۱۴۰۵/۰۹/۰۱')
    expect(readDate(typedDate('2024-02-29', true))).toBe('2024-02-29')
    await setLocale('en')
    expect(typedDate('soon', true)).toBe('')
  })
  it('begins and ends by the reader’s clock', () => {
    const at = new Date(2026, 10, 22, 13, 5).getTime()
    expect(isoOf(at)).toBe('2026-11-22')
    expect(dayBegins('2026-11-22')).toBe(new Date(2026, 10, 22).getTime())
    expect(dayBegins('2026-11-30', 1)).toBe(new Date(2026, 11, 1).getTime())
  })
})
