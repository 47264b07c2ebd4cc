import type { Event, RecordTouch } from '@/api'

// A timeline's lines: days, single touches, and conversations, which fold and unfold.

export type Line =
  | { type: 'day'; id: string; at: number }
  | { type: 'touch'; id: string; touch: RecordTouch }
  /** What was said in one conversation on one day; it stands where its newest touch does. */
  | { type: 'run'; id: string; conversation: string; number: number; touches: RecordTouch[]; open: boolean }
  | { type: 'message'; id: string; touch: RecordTouch; last: boolean }

/** Newest first by when it happened; of the same moment, what the record knows last comes first. */
export const newer = (a: RecordTouch, b: RecordTouch) => b.at - a.at || b.n - a.n

/** Whether an event's touch is a customer's. The first that is logged by a customer's id makes the identity that it is of: nobody knows that yet. */
export const isOf = (e: Pick<Event, 'touch' | 'identity'>, customer: string, identities: readonly string[]): boolean => !!e.touch && (e.identity?.customer === customer || identities.includes(e.touch.identity))

/** joined is a timeline with more touches: each once, of two states of one the newer, in order. */
export function joined(held: readonly RecordTouch[], more: readonly RecordTouch[]): RecordTouch[] {
  const all = new Map(held.map((x) => [x.id, x]))
  let older = held.length
  for (const x of more) {
    const old = all.get(x.id)
    if (!old && held.length && newer(held.at(-1)!, x) > 0) older = -1
    all.set(x.id, !old || x.rev >= old.rev ? x : old)
  }
  // The next page of what is read from the newest on needs no sorting but its own.
  return older < 0 ? [...all.values()].sort(newer) : [...[...all.values()].slice(0, older), ...[...all.values()].slice(older).sort(newer)]
}

/** Where the day of touches[from] ends. Lists are long and days take long to tell: it is searched for in steps that double. */
function endOf(touches: readonly RecordTouch[], from: number, day: number, dayOf: (ms: number) => number): number {
  let [inside, step] = [from, 1]
  while (inside + step < touches.length && dayOf(touches[inside + step]!.at) === day) {
    inside += step
    step *= 2
  }
  let outside = Math.min(touches.length, inside + step)
  while (outside - inside > 1) {
    const mid = (inside + outside) >> 1
    if (dayOf(touches[mid]!.at) === day) inside = mid
    else outside = mid
  }
  return outside
}

/**
 * foldTimeline groups touches, newest first, by day, and within a day by conversation: a conversation of one touch stays that
 * touch, one of several is a run that unfolds. dayOf gives the same number for all moments of one day.
 */
export function foldTimeline(touches: readonly RecordTouch[], unfolded: ReadonlySet<string>, dayOf: (ms: number) => number): Line[] {
  const out: Line[] = []
  for (let i = 0; i < touches.length; ) {
    const day = dayOf(touches[i]!.at)
    const end = endOf(touches, i, day, dayOf)
    out.push({ type: 'day', id: `d${day}`, at: touches[i]!.at })
    const runs = new Map<string, RecordTouch[]>()
    for (const x of touches.slice(i, end)) {
      const run = x.conversation ? runs.get(x.conversation) : undefined
      if (run) run.push(x)
      else runs.set(x.conversation || x.id, [x])
    }
    for (const list of runs.values()) {
      const first = list[0]!
      if (list.length === 1) {
        out.push({ type: 'touch', id: first.id, touch: first })
        continue
      }
      const id = `r${day} ${first.conversation}`
      const open = unfolded.has(id)
      out.push({ type: 'run', id, conversation: first.conversation, number: first.number, touches: list, open })
      if (open) list.forEach((touch, k) => out.push({ type: 'message', id: `m${touch.id}`, touch, last: k === list.length - 1 }))
    }
    i = end
  }
  return out
}
