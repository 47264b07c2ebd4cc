import { expect, it } from 'vitest'
import { lay } from './around'

const node = (id: string) => ({ id, type: 'customer' as const, name: id })
const far = (s: { x: number; y: number }) => Math.round(Math.hypot(s.x, s.y) * 100) / 100

it('who is around stands on rings, apart from one another', () => {
  const map = { nodes: ['me', 'a', 'b', 'c', 'd', 'lost'].map(node), edges: [{ from: 'me', to: 'a', kind: 'k' }, { from: 'b', to: 'me', kind: 'k' }, { from: 'a', to: 'c', kind: 'k' }, { from: 'a', to: 'd', kind: 'k' }, { from: 'c', to: 'a', kind: 'k' }] }
  const spots = lay(map, 'me')
  expect(spots.map((s) => [s.id, s.step, far(s)])).toEqual([['me', 0, 0], ['a', 1, 0.58], ['b', 1, 0.58], ['c', 2, 1], ['d', 2, 1]])
  const places = new Set(spots.map((s) => `${s.x.toFixed(3)} ${s.y.toFixed(3)}`))
  expect(places.size).toBe(5)
})
it('somebody alone stands in the middle', () => expect(lay({ nodes: [node('me')], edges: [] }, 'me')).toMatchObject([{ id: 'me', x: 0, y: 0 }]))

it('many around somebody have room for their names', () => {
  const ids = Array.from({ length: 13 }, (_, i) => `n${i}`)
  const spots = lay({ nodes: ['me', ...ids].map(node), edges: ids.map((id) => ({ from: 'me', to: id, kind: 'k' })) }, 'me')
  const apart = spots.flatMap((a, i) => spots.slice(i + 1).map((b) => Math.hypot(a.x - b.x, a.y - b.y)))
  expect(Math.min(...apart)).toBeGreaterThan(0.42)
  expect(Math.max(...spots.map((s) => Math.hypot(s.x, s.y)))).toBeLessThanOrEqual(1.0001)
})
