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

export interface Picture {
  spots: Spot[]
  width: number
  height: number
  /** So many that only the list beside the picture says what they are. */
  crowded: boolean
  /** Not all are drawn. */
  cut: boolean
}

interface Place { id: string; step: number; x: number; y: number }

const width = 320
const across = 64 // what somebody takes with their name, side by side
const down = 50 // and above one another
const most = 40 // of a crowd

/**
 * lay draws who is around somebody, themselves in the middle. A few stand on a ring, and who is known through them on a wider one, near
 * them. A crowd stands around them like the bricks of a wall, so that nobody stands on another's name; of who is known through others
 * only as many are drawn as there is room for.
 */
export function lay(map: Around, middle: string): Picture {
  const next = new Map<string, string[]>(map.nodes.map((n) => [n.id, []]))
  for (const e of map.edges) {
    next.get(e.from)?.push(e.to)
    next.get(e.to)?.push(e.from)
  }
  const seen = new Set([middle])
  const ring = (next.get(middle) ?? []).filter((id) => next.has(id) && !seen.has(id) && seen.add(id))
  const beyond = ring.map((id) => next.get(id)!.filter((x) => next.has(x) && !seen.has(x) && seen.add(x)))
  const crowded = ring.length > 7
  let height = beyond.flat().length + ring.length > 11 ? 440 : 300
  let places: Place[]
  if (crowded) {
    let room = Math.max(0, most - ring.length)
    const list = ring.flatMap((id, i) => {
      const through = beyond[i]!.slice(0, room)
      room -= through.length
      return [{ id, step: 1 }, ...through.map((x) => ({ id: x, step: 2 }))]
    })
    places = wall(list)
    height = 2 * Math.max(...places.map((p) => Math.abs(p.y))) + 80
  } else places = circles(ring, beyond, width / 2 - 36, height / 2 - 30)
  const at = new Map([{ id: middle, step: 0, x: 0, y: 0 }, ...places].map((p) => [p.id, p]))
  // Who hangs together with nobody here is left out of the picture.
  const spots = map.nodes.flatMap((n) => {
    const p = at.get(n.id)
    return p ? [{ ...n, step: p.step, x: width / 2 + p.x, y: height / 2 + p.y }] : []
  })
  return { spots, width, height, crowded, cut: !!map.more || places.length < ring.length + beyond.flat().length }
}

/** Each of the ring has as much of the circle as those behind them need. */
function circles(ring: string[], beyond: string[][], w: number, h: number): Place[] {
  const near = beyond.some((b) => b.length) ? 0.58 : 0.9
  const wide = beyond.map((b) => Math.max(1, b.length))
  const all = wide.reduce((a, b) => a + b, 0)
  const spot = (id: string, step: number, far: number, angle: number) => ({ id, step, x: w * far * Math.cos(angle), y: h * far * Math.sin(angle) })
  let at = -Math.PI / 2
  return ring.flatMap((id, i) => {
    const share = (2 * Math.PI * wide[i]!) / all
    const from = at
    at += share
    return [spot(id, 1, near, from + share / 2), ...beyond[i]!.map((b, k) => spot(b, 2, 1, from + (share * (k + 0.5)) / beyond[i]!.length))]
  })
}

/** The places of a brick wall that are nearest to the middle, taken in the order of the clock. */
function wall(people: { id: string; step: number }[]): Place[] {
  const rows = Math.ceil(people.length / 8)
  const cells = Array.from({ length: 2 * rows + 1 }, (_, i) => i - rows).flatMap((r) => (r % 2 ? [-1.5, -0.5, 0.5, 1.5] : [-2, -1, 0, 1, 2]).map((c) => ({ x: c * across, y: r * down })))
  const clock = (p: { x: number; y: number }) => (Math.atan2(p.x, -p.y) + 2 * Math.PI) % (2 * Math.PI)
  return cells
    .filter((p) => p.x || p.y)
    .sort((a, b) => Math.hypot(a.x, a.y) - Math.hypot(b.x, b.y))
    .slice(0, people.length)
    .sort((a, b) => clock(a) - clock(b))
    .map((p, i) => ({ ...people[i]!, ...p }))
}
