import type { Agent, RoutingSetting } from '@/api/types'

/** Wrap-up as it stands: what is left of it, and how far it can still be extended. */
export interface WrapUp {
  left: number
  /** Of the whole from its beginning, 0 to 1. */
  share: number
  /** The end after so many more milliseconds, within the bound; 0: it cannot be extended (by more than a second). */
  extend(by: number): number
}

export const wrapUpMost = (s: RoutingSetting) => (s.wrap_up_most || 600) * 1000

/** wrapUpOf: undefined when the agent does not wrap up, or the end has come. */
export function wrapUpOf(a: Agent | undefined, s: RoutingSetting, now: number): WrapUp | undefined {
  const until = a?.wrap_up_until ?? 0
  if (a?.state !== 'wrap_up' || until <= now) return undefined
  const bound = a.since + wrapUpMost(s)
  return {
    left: until - now,
    share: Math.min(1, (until - now) / Math.max(1, until - a.since)),
    extend(by) {
      const end = Math.min(until + by, bound)
      return end >= until + 1000 ? end : 0
    },
  }
}
