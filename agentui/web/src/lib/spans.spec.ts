import { describe, expect, it } from 'vitest'
import { another, parseTime, tidy, timeText, weekMinutes, wholeWeek, wrong } from './spans'

describe('times of day', () => {
  it('are read as people write them', () => {
    expect(['9', '9:30', '0930', '۰۹:۳۰', '24:00', ' 00:00 '].map(parseTime)).toEqual([540, 570, 570, 570, 1440, 0])
  })
  it('are refused where there is no such time', () => expect(['', '24:01', '9:60', 'nine', '-1', '25'].map(parseTime)).toEqual(Array(6).fill(undefined)))
  it('are written in full', () => expect([0, 545, 1440].map(timeText)).toEqual(['00:00', '09:05', '24:00']))
})

describe('spans of a day', () => {
  it('may touch, not overlap, and not end before they begin', () => {
    expect(wrong([])).toBeUndefined()
    expect(wrong([{ from: 780, to: 1020 }, { from: 540, to: 780 }])).toBeUndefined()
    expect(wrong([{ from: 540, to: 800 }, { from: 780, to: 1020 }])).toBe('overlap')
    expect(wrong([{ from: 540, to: 540 }])).toBe('order')
    expect(wrong([{ from: 540, to: 1441 }])).toBe('order')
  })
  it('are put in order and joined where they touch', () => {
    expect(tidy([{ from: 780, to: 1020 }, { from: 540, to: 780 }, { from: 1080, to: 1200 }])).toEqual([{ from: 540, to: 1020 }, { from: 1080, to: 1200 }])
  })
  it('get one more behind the last, while there is room', () => {
    expect(another([])).toEqual({ from: 540, to: 1020 })
    expect(another([{ from: 480, to: 720 }])).toEqual({ from: 780, to: 1020 })
    expect(another([{ from: 480, to: 1380 }])).toBeUndefined()
    for (const s of [[{ from: 0, to: 1200 }], [{ from: 0, to: 60 }]]) expect(wrong([...s, another(s)!])).toBeUndefined()
  })
  it('make a week that is whole', () => {
    const week = wholeWeek([null, [{ from: 540, to: 600 }]])
    expect(week).toHaveLength(7)
    expect(weekMinutes(week)).toBe(60)
  })
})
