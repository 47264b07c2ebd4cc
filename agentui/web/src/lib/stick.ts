// Where a list of messages stays while what is in it changes its height.

export interface Place {
  top: number
  height: number
  view: number
}

/** How near its end counts as there, in CSS pixels. */
const near = 60

/**
 * Whether who reads is at the end, once the box stands at now: there, or where they were when only the content grew.
 * Nobody leaves the end without scrolling up.
 */
export function atEndOf(was: boolean, before: number, now: Place): boolean {
  if (now.height - now.top - now.view < near) return true
  return was && now.top >= before - 1
}

/**
 * Which of so many lines (at: from where to where in the box's view, in order) the reader's eye holds on to: the first
 * that begins within the upper half of the view, else the one that fills it. -1: none. It asks for few of them.
 */
export function heldLine(count: number, at: (i: number) => { top: number; bottom: number }, view: number): number {
  // The first whose end is in sight.
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (at(middle).bottom > 0) high = middle
    else low = middle + 1
  }
  if (low === count) return -1
  return at(low).top < 0 && low + 1 < count && at(low + 1).top < view / 2 ? low + 1 : low
}
