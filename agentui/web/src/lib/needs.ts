import type { Conversation, Need, Queue } from '@/api/types'

/**
 * What is asked for now: the conversation's own needs with its queue's on top. Of the same skill twice the higher level and the longer
 * time win; what has waited past its time is asked for no more.
 */
export function needsOf(c: Pick<Conversation, 'needs'>, queue: Queue | undefined, waited: number): Need[] {
  const by = new Map<string, Need>()
  for (const n of [...(c.needs ?? []), ...(queue?.routing?.needs ?? [])]) {
    const had = by.get(n.skill)
    const drop = !had ? n.drop_after : !had.drop_after || !n.drop_after ? undefined : Math.max(had.drop_after, n.drop_after)
    by.set(n.skill, { skill: n.skill, level: Math.max(had?.level ?? 1, n.level ?? 1), drop_after: drop })
  }
  return [...by.values()].filter((n) => !n.drop_after || n.drop_after * 1000 > waited)
}
