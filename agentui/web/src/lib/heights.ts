/** tops gives where each row of a list begins, and where the last one ends: measured heights, else what is guessed. */
export function tops(ids: readonly string[], measured: ReadonlyMap<string, number>, guess: (i: number) => number): Float64Array {
  const out = new Float64Array(ids.length + 1)
  for (let i = 0; i < ids.length; i++) out[i + 1] = out[i]! + (measured.get(ids[i]!) ?? guess(i))
  return out
}

/** rowAt is the row that covers a height: the last one that begins at or above it. */
export function rowAt(tops: Float64Array, y: number): number {
  let [low, high] = [0, Math.max(0, tops.length - 2)]
  while (low < high) {
    const mid = (low + high + 1) >> 1
    if (tops[mid]! <= y) low = mid
    else high = mid - 1
  }
  return low
}
