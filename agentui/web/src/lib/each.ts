/** each runs f for all of a list, some at a time; the answer holds what went wrong, in order of the list. */
export async function each<T>(list: readonly T[], atOnce: number, f: (x: T) => Promise<unknown>): Promise<unknown[]> {
  const wrong: { i: number; e: unknown }[] = []
  let next = 0
  async function work() {
    while (next < list.length) {
      const i = next++
      try {
        await f(list[i]!)
      } catch (e) {
        wrong.push({ i, e })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, list.length) }, work))
  return wrong.sort((a, b) => a.i - b.i).map((w) => w.e)
}

/** picked is a selection after a click: one more or one less, or with shift all from the last one clicked. */
export function picked(held: ReadonlySet<string>, order: readonly string[], id: string, anchor: string, shift: boolean): Set<string> {
  const out = new Set(held)
  const [a, b] = [order.indexOf(anchor), order.indexOf(id)]
  if (shift && a >= 0 && b >= 0) {
    for (const x of order.slice(Math.min(a, b), Math.max(a, b) + 1)) out.add(x)
  } else if (!out.delete(id)) out.add(id)
  return out
}
