import type { Conversation, ConversationView, Status } from '@/api/types'
import { holder } from './reduce'

/**
 * What a list shows. status "open" is everything that is not resolved; "pull" is what the user may take from queues that nobody is
 * offered anything of, "asked" what colleagues ask of the user.
 */
export interface Filter {
  list: 'mine' | 'waiting' | 'all' | 'pull' | 'asked'
  queue?: string
  channel?: string
  status?: Status | 'open'
  tag?: string
}

/** What a list has loaded: pages down to a boundary; "" when all of it is loaded. */
export interface Loaded {
  next: string
  boundary: number
}

/** Who looks: what lists depend on besides the rows. */
export interface Viewer {
  me: string
  supervisor?: boolean
  /** Pull queues that the user is a member of. */
  pulls?: ReadonlySet<string>
}

/** What is asked of somebody in a conversation. Supervisors are asked whatever is asked of nobody by name, but by others. */
export function asks(r: Conversation, me: string, supervisor: boolean): ('consult' | 'review' | 'flag')[] {
  const of = (x: { by: string; of?: string } | undefined) => !!x && (x.of ? x.of === me : supervisor && x.by !== me)
  return [
    ...(r.consult?.agent === me ? (['consult'] as const) : []),
    ...(of(r.review) ? (['review'] as const) : []),
    ...(of(r.flag) ? (['flag'] as const) : []),
  ]
}

export function matches(r: ConversationView, f: Filter, who: Viewer): boolean {
  const me = who.me
  if (f.list === 'pull' && (r.status !== 'waiting' || !who.pulls?.has(r.queue))) return false
  if (f.list === 'asked' && !asks(r, me, !!who.supervisor).length) return false
  if (f.list === 'mine' && holder(r) !== me) return false
  if (f.list === 'waiting' && r.status !== 'waiting' && r.status !== 'offered') return false
  if (f.queue && r.queue !== f.queue) return false
  if (f.channel && r.channel !== f.channel) return false
  if (f.tag && !r.tags?.includes(f.tag)) return false
  if (f.status === 'open') return r.status !== 'resolved'
  return !f.status || r.status === f.status
}

/** Where a row stands: lists go down by it. Waiting lists begin with who has waited longest. */
export function rank(r: ConversationView, f: Filter): number {
  // As the hub orders a queue: who waited longer, priority counted as minutes of waiting.
  if (f.list === 'pull') return (r.priority ?? 0) * 60_000 - (r.waiting_since || r.last_message_at)
  return f.list === 'waiting' ? -(r.waiting_since || r.last_message_at) : r.last_message_at
}

/** The rows of a list, in order: those held that belong to it and lie above what is loaded. */
export function select(rows: ReadonlyMap<string, ConversationView>, f: Filter, who: Viewer, loaded: Loaded): ConversationView[] {
  const out: ConversationView[] = []
  for (const r of rows.values()) {
    if (matches(r, f, who) && (!loaded.next || rank(r, f) >= loaded.boundary)) out.push(r)
  }
  return out.sort((a, b) => rank(b, f) - rank(a, f) || (a.id < b.id ? 1 : -1))
}
