import { expect, it } from 'vitest'
import { lay } from './around'

const node = (id: string) => ({ id, type: 'customer' as const, name: id })
const star = (n: number) => {
  const ids = Array.from({ length: n }, (_, i) => `n${i}`)
  return { nodes: ['me', ...ids].map(node), edges: ids.map((id) => ({ from: 'me', to: id, kind: 'k' })) }
}

it('who is around stands on rings, apart from one another', () => {
  const map = { nodes: ['me', 'a', 'b', 'c', 'd', 'lost'].map(node), edges: [{ from: 'me', to: 'a', kind: 'k' }, { from: 'b', to: 'me', kind: 'k' }, { from: 'a', to: 'c', kind: 'k' }, { from: 'a', to: 'd', kind: 'k' }, { from: 'c', to: 'a', kind: 'k' }] }
  const { spots, width, height, crowded, cut } = lay(map, 'me')
  const far = (s: { x: number; y: number }) => Math.hypot((s.x - width / 2) / (width / 2 - 36), (s.y - height / 2) / (height / 2 - 30)).toFixed(2)
  expect(spots.map((s) => [s.id, s.step, far(s)])).toEqual([['me', 0, '0.00'], ['a', 1, '0.58'], ['b', 1, '0.58'], ['c', 2, '1.00'], ['d', 2, '1.00']])
  expect(new Set(spots.map((s) => `${s.x.toFixed(3)} ${s.y.toFixed(3)}`)).size).toBe(5)
  expect([crowded, cut]).toEqual([false, false])
})
it('somebody alone stands in the middle', () => expect(lay({ nodes: [node('me')], edges: [] }, 'me').spots).toMatchObject([{ id: 'me', x: 160, y: 150 }]))

it('nobody of a crowd stands on another or on their name', () => {
  for (const n of [8, 13, 19, 26, 40, 60]) {
    const { spots, width, height, crowded, cut } = lay(star(n), 'me')
    expect([n, crowded, cut, spots.length]).toEqual([n, true, false, n + 1])
    for (const [i, a] of spots.entries()) {
      expect(a.x >= 30 && a.x <= width - 30 && a.y >= 20 && a.y <= height - 40, `${n} people: ${a.id} within`).toBe(true)
      for (const b of spots.slice(i + 1)) {
        // A disc of 15 and a name of 50 by 12 below it.
        const [low, high] = a.y > b.y ? [a, b] : [b, a]
        expect(Math.hypot(a.x - b.x, a.y - b.y), `${n} people: ${a.id} and ${b.id}`).toBeGreaterThan(31)
        expect(Math.abs(a.x - b.x) > 40 || low.y - high.y > 45, `${n} people: ${high.id}'s name and ${low.id}`).toBe(true)
      }
    }
  }
})
it('of who is known through a crowd only as many are drawn as there is room for', () => {
  const map = star(30)
  for (let i = 0; i < 30; i++) {
    map.nodes.push(node(`b${i}`))
    map.edges.push({ from: `n${i}`, to: `b${i}`, kind: 'k' })
  }
  const { spots, cut } = lay(map, 'me')
  expect(spots.filter((s) => s.step === 1)).toHaveLength(30)
  expect([spots.length, cut]).toEqual([41, true])
})
