import { describe, expect, it } from 'vitest'
import { fromJalali, jalali } from './jalali'

describe('the Persian calendar', () => {
  it('knows Nowruz', () => {
    expect(jalali(new Date(2026, 2, 21, 12).getTime())).toEqual({ y: 1405, m: 1, d: 1 })
    expect(fromJalali({ y: 1405, m: 1, d: 1 })).toBe(new Date(2026, 2, 21).getTime())
  })
  it('goes there and back over years, leap days included', () => {
    for (let day = 0; day < 3000; day += 7) {
      const at = new Date(2019, 0, 1 + day).getTime()
      expect(fromJalali(jalali(at + 43_200_000))).toBe(at)
    }
    expect(jalali(fromJalali({ y: 1403, m: 12, d: 30 }) + 43_200_000)).toEqual({ y: 1403, m: 12, d: 30 })
  })
  it('takes the last day for one that is not there', () => expect(jalali(fromJalali({ y: 1404, m: 12, d: 30 }) + 43_200_000)).toEqual({ y: 1404, m: 12, d: 29 }))
})
