// The calls of the pages in this folder, one line each, and their types. Errors: ApiError.
import { get, type Query } from '@/api/client'
import type { Actor, Suggestion, Text } from '@/api'
import type { Millis } from '@/api/types/millis'

/** Two customers who may be one person, and what was decided of them. */
export type Pair = Suggestion & { decided_at?: Millis; decided_by?: string }
export type PairState = Pair['state']

/** A piece of a text that was found; marked where it is what was asked for. */
export interface Part {
  text: string
  hit?: boolean
}
interface Named {
  id: string
  name: string
}
/** Whose it is; one without a name is known by the address that it came from. */
type Who = Named & { address: string; channel: string }
export interface FoundTouch {
  touch: string
  conversation: string
  number: number
  kind?: string
  inbound?: boolean
  author?: Actor
  customer: Who
  channel?: string
  at: Millis
  parts?: Part[]
  snippet?: string
}
export interface FoundConversation {
  id: string
  number: number
  subject: string
  status: string
  queue: string
  channel: string
  tags?: string[]
  customer: Who
  at: Millis
  parts?: Part[]
}
export interface Found {
  text?: string
  /** As they were understood; the raw text tells which. */
  filters?: { key: string; value: string; raw: string; error?: string }[]
  customers: (Who & { parts?: Part[] })[]
  organisations?: (Named & { parts?: Part[] })[]
  conversations?: FoundConversation[]
  messages: FoundTouch[]
  touches?: FoundTouch[]
  next?: string
  /** Whom the words name: what was found with a filter is theirs, where nothing holds the words themselves. */
  meant?: Who[]
  /** Percent of the record that search knows. */
  indexed?: number
}

/** A kind of touches that the firm has made. */
export interface KindName {
  id: string
  name: Text
}

export const records = {
  pairs: (query: Query) => get<{ items: Pair[]; next: string; counts: Record<PairState, number> }>('/suggestions', query),
  search: (query: Query, signal?: AbortSignal) => get<Found>('/search', query, signal),
  kinds: () => get<{ items?: KindName[]; kinds?: KindName[] }>('/kinds'),
}
