/** The pause before try number n (from 1), in ms: doubling from 0.5 s to 15 s, a random half of it taken away. */
export function backoff(n: number, random = Math.random): number {
  const full = Math.min(15_000, 500 * 2 ** Math.min(n - 1, 10))
  return full / 2 + (random() * full) / 2
}
