import { describe, expect, it } from 'vitest'
import { each, picked } from './each'

describe('each', () => {
  it('runs so many at once, and says what went wrong', async () => {
    let running = 0
    let most = 0
    const wrong = await each([1, 2, 3, 4, 5], 2, async (n) => {
      most = Math.max(most, ++running)
      await new Promise((r) => setTimeout(r, 6 - n))
      running--
      if (n % 2 === 0) throw new Error(String(n))
    })
    expect(most).toBe(2)
    expect(wrong.map(String)).toEqual(['Error: 2', 'Error: 4'])
  })
})
describe('picked', () => {
  const order = ['a', 'b', 'c', 'd']
  it('one more, one less', () => {
    expect([...picked(new Set(['a']), order, 'b', 'a', false)]).toEqual(['a', 'b'])
    expect([...picked(new Set(['a']), order, 'a', 'a', false)]).toEqual([])
  })
  it('with shift all between, either way', () => {
    expect([...picked(new Set(['d']), order, 'b', 'd', true)].sort()).toEqual(['b', 'c', 'd'])
    expect([...picked(new Set(['a']), order, 'c', 'a', true)].sort()).toEqual(['a', 'b', 'c'])
    expect([...picked(new Set(), order, 'c', 'gone', true)]).toEqual(['c'])
  })
})
