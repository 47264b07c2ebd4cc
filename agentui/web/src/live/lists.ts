import type { ConversationView, Status } from '@/api/types'
import { holder } from './reduce'

/** What a list shows. status "open" is everything that is not resolved. */
export interface Filter {
  list: 'mine' | 'waiting' | 'all'
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

export function matches(r: ConversationView, f: Filter, me: string): boolean {
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
  return f.list === 'waiting' ? -(r.waiting_since || r.last_message_at) : r.last_message_at
}

/** The rows of a list, in order: those held that belong to it and lie above what is loaded. */
export function select(rows: ReadonlyMap<string, ConversationView>, f: Filter, me: string, loaded: Loaded): ConversationView[] {
  const out: ConversationView[] = []
  for (const r of rows.values()) {
    if (matches(r, f, me) && (!loaded.next || rank(r, f) >= loaded.boundary)) out.push(r)
  }
  return out.sort((a, b) => rank(b, f) - rank(a, f) || (a.id < b.id ? 1 : -1))
}
