import { describe, expect, it } from 'vitest'
import { atEndOf, heldLine } from './stick'

describe('atEndOf', () => {
  it('holds near the end, from wherever', () => {
    expect(atEndOf(false, 0, { top: 950, height: 1600, view: 600 })).toBe(true)
    expect(atEndOf(false, 900, { top: 930, height: 1600, view: 600 })).toBe(false)
  })
  it('holds when the content grew under it, and ends by scrolling up', () => {
    expect(atEndOf(true, 1000, { top: 1000, height: 1900, view: 600 })).toBe(true)
    expect(atEndOf(true, 1000, { top: 1040, height: 1900, view: 600 })).toBe(true)
    expect(atEndOf(true, 1000, { top: 900, height: 1600, view: 600 })).toBe(false)
  })
  it('holds where nothing scrolls', () => expect(atEndOf(false, 0, { top: 0, height: 500, view: 600 })).toBe(true))
})

describe('heldLine', () => {
  const held = (from: number, ...heights: number[]) => {
    const lines = heights.map((h) => ({ top: from, bottom: (from += h) }))
    return heldLine(lines.length, (i) => lines[i]!, 600)
  }
  it('is the first that begins in sight', () => {
    expect(held(-300, 100, 250, 80, 90)).toBe(2)
    expect(held(0, 100, 250)).toBe(0)
  })
  it('is the one that fills the view', () => {
    expect(held(-300, 100, 900, 80)).toBe(1)
    expect(held(-300, 100, 900)).toBe(1)
  })
  it('is none where there is none', () => {
    expect(held(0)).toBe(-1)
    expect(held(-300, 100, 100)).toBe(-1)
  })
})
