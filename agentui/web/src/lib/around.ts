import type { Around } from '@/api'

export interface Spot {
  id: string
  type: 'customer' | 'organisation'
  name: string
  x: number
  y: number
  /** How many steps from the middle. */
  step: number
}

/** Whether so many around somebody want room. */
export const crowded = (ring: number): boolean => ring > 7

/**
 * lay places who is around somebody: they themselves in the middle, who is one step away on a ring, and who is two steps away on a
 * wider one, near whom they are known through. Places are in a circle of radius 1. Where many stand on the ring, every other one comes
 * nearer, so that names have room.
 */
export function lay(map: Around, middle: string): Spot[] {
  const next = new Map<string, string[]>(map.nodes.map((n) => [n.id, []]))
  for (const e of map.edges) {
    next.get(e.from)?.push(e.to)
    next.get(e.to)?.push(e.from)
  }
  const seen = new Set([middle])
  const ring = (next.get(middle) ?? []).filter((id) => next.has(id) && !seen.has(id) && seen.add(id))
  const beyond = ring.map((id) => next.get(id)!.filter((x) => next.has(x) && !seen.has(x) && seen.add(x)))
  const spots = new Map<string, { x: number; y: number; step: number }>([[middle, { x: 0, y: 0, step: 0 }]])
  const near = beyond.some((b) => b.length) ? 0.58 : 0.9
  // Each of the ring has as much of the circle as those behind them need.
  const wide = beyond.map((b) => Math.max(1, b.length))
  const all = wide.reduce((a, b) => a + b, 0) || 1
  const many = crowded(ring.length)
  let at = -Math.PI / 2
  ring.forEach((id, i) => {
    const share = (2 * Math.PI * wide[i]!) / all
    const mid = at + share / 2
    const far = many ? Math.min(1, near * (i % 2 ? 0.62 : 1.15)) : near
    spots.set(id, { x: far * Math.cos(mid), y: far * Math.sin(mid), step: 1 })
    beyond[i]!.forEach((b, k) => {
      const angle = at + (share * (k + 0.5)) / beyond[i]!.length
      spots.set(b, { x: Math.cos(angle), y: Math.sin(angle), step: 2 })
    })
    at += share
  })
  // Who hangs together with nobody here is left out of the picture.
  return map.nodes.flatMap((n) => {
    const s = spots.get(n.id)
    return s ? [{ ...n, ...s }] : []
  })
}
