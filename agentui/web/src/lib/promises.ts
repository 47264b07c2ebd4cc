import type { Clock, ClockKind, Conversation } from '@/api/types'

/**
 * The promise of a conversation that presses most, as people are shown it. The hub counts: calendars and pauses are in due and
 * left already; here only the time until then is told.
 */
export interface Pressing {
  kind: ClockKind
  state: 'running' | 'soon' | 'broken' | 'paused'
  /** Milliseconds left; below 0: late by so many. Of a paused one: what is left once it runs again. */
  left: number
  /** What is left of the whole, 0 to 1. */
  share: number
}

export const open = (c: Clock) => !c.met_at

/** pressing: among the clocks that run the one that ends first, else among those that stand the one with least left. */
export function pressing(c: Pick<Conversation, 'sla' | 'status'>, now: number): Pressing | undefined {
  if (c.status === 'resolved') return undefined
  const clocks = (c.sla?.clocks ?? []).filter(open)
  const running = clocks.filter((x) => x.due).sort((a, b) => a.due! - b.due!)[0]
  const one = running ?? clocks.sort((a, b) => (a.left ?? 0) - (b.left ?? 0))[0]
  return one && stand(one, now)
}

/** What is told to who has a conversation: a clock of it warns, or is broken. Nothing when it has ended since, is another's by now, or is worse already. */
export function presses(c: Pick<Conversation, 'sla' | 'owner'> | undefined, clock: ClockKind, broken: boolean, me: string): Clock | undefined {
  const k = c?.owner === me ? c.sla?.clocks?.find((x) => x.kind === clock && open(x)) : undefined
  return k && !!k.broken === broken ? k : undefined
}

/** How one clock stands at a moment. */
export function stand(c: Clock, now: number): Pressing {
  const left = c.met_at ? 0 : c.due ? c.due - now : (c.left ?? 0)
  const share = c.target > 0 ? Math.min(1, Math.max(0, left / c.target)) : 0
  let state: Pressing['state'] = 'running'
  if (c.broken || (c.due && left <= 0)) state = 'broken'
  else if (!c.due) state = 'paused'
  else if (c.warned || (c.warn_at && c.warn_at <= now)) state = 'soon'
  return { kind: c.kind, state, left, share }
}
