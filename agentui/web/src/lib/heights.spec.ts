import { expect, it } from 'vitest'
import { rowAt, tops } from './heights'

it('rows of different heights stand below one another, and are found by height', () => {
  const t = tops(['a', 'b', 'c'], new Map([['b', 70]]), (i) => 10 * (i + 1))
  expect([...t]).toEqual([0, 10, 80, 110])
  expect([-5, 0, 9, 10, 79, 80, 109, 500].map((y) => rowAt(t, y))).toEqual([0, 0, 0, 1, 1, 2, 2, 2])
  expect(rowAt(tops([], new Map(), () => 1), 50)).toBe(0)
})
