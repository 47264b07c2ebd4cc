import type { RecordTouch } from '@/api'

// A timeline's lines: days, single touches, and conversations, which fold and unfold.

export type Line =
  | { type: 'day'; id: string; at: number }
  | { type: 'touch'; id: string; touch: RecordTouch }
  /** What was said in one conversation on one day; it stands where its newest touch does. */
  | { type: 'run'; id: string; conversation: string; number: number; touches: RecordTouch[]; open: boolean }
  | { type: 'message'; id: string; touch: RecordTouch; last: boolean }

/** Newest first by when it happened; of the same moment, what the record knows last comes first. */
export const newer = (a: RecordTouch, b: RecordTouch) => b.at - a.at || b.n - a.n

/** joined is a timeline with more touches: each once, of two states of one the newer, in order. */
export function joined(held: readonly RecordTouch[], more: readonly RecordTouch[]): RecordTouch[] {
  const all = new Map(held.map((x) => [x.id, x]))
  for (const x of more) {
    const old = all.get(x.id)
    all.set(x.id, !old || x.rev >= old.rev ? x : old)
  }
  return [...all.values()].sort(newer)
}

/**
 * foldTimeline groups touches, newest first, by day, and within a day by conversation: a conversation of one touch stays that
 * touch, one of several is a run that unfolds. dayOf gives the same number for all moments of one day.
 */
export function foldTimeline(touches: readonly RecordTouch[], unfolded: ReadonlySet<string>, dayOf: (ms: number) => number): Line[] {
  const out: Line[] = []
  for (let i = 0; i < touches.length; ) {
    const day = dayOf(touches[i]!.at)
    let end = i + 1
    while (end < touches.length && dayOf(touches[end]!.at) === day) end++
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
