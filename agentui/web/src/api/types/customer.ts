import type { ConversationView } from './conversation'
import type { Millis } from './millis'
import type { Consent, Membership, Place, RecordTouch, Relation, StageChange } from './record'

// The person who writes, by all addresses.

export interface Identity {
  id: string
  customer: string
  channel: string
  address: string
  name?: string
  /** "stop": may not be written to. */
  consent?: 'stop' | 'start' | ''
  consent_at?: Millis
  /** Why nothing arrives there. */
  unreachable?: string
  unreachable_at?: Millis
  blocked?: boolean
  evidence?: string
  /** The customer that the evidence says it is of: `customer`, or one who was merged into that one. */
  home?: string
  /** How it came to its home; missing: it began there. */
  link?: Link
}

export interface Customer {
  id: string
  name: string
  tier?: string
  tags?: string[]
  languages?: string[]
  time_zone?: string
  place?: Place
  owner?: string
  stage?: string
  confirmed_at?: Millis
  attributes?: Record<string, unknown>
  created_at: Millis
  version?: number
  /** Of rows in `merged` only: into whom. */
  merged_into?: string
  /** Of who stands for somebody who was erased: nobody's name, no address. */
  erased_at?: Millis
}

/** When somebody was first and last in touch, by when it happened; missing: never. */
export interface Known {
  first_touch?: Millis
  last_touch?: Millis
}

export interface CustomerDetail extends Known {
  customer: Customer
  /** Who was merged into the customer, directly or not. */
  merged?: Customer[]
  /** Set when it was asked for by the id of one of those. */
  merged_into?: string
  identities: Identity[]
  conversations: ConversationView[]
  organisations?: Membership[]
  relations?: Relation[]
  /** As they stand now. */
  consents?: Consent[]
  /** Newest first. */
  stages?: StageChange[]
  pins?: RecordTouch[]
  completeness?: { percent: number; missing?: string[]; stale?: boolean; since?: Millis }
  /** Fields that the user's role may not see, or not change. */
  limits?: { hidden: string[]; locked: string[] }
  at: string
}

/** One change of whom an address is of. */
export interface Link {
  id: string
  identity?: string
  from?: string
  to: string
  at?: Millis
  by?: string
  kind: 'proof' | 'start' | 'named' | 'hand' | 'split' | 'back'
  evidence?: string
  verified: boolean
}

export interface Merge {
  id: string
  from: string
  into: string
  at: Millis
  by: string
  reason?: string
  undone_at?: Millis
  undone_by?: string
}

export interface CustomerHistory {
  merges: Merge[]
  links: Link[]
}

/** A customer before a merge or an undo, with what goes along, in numbers. */
export interface MergeSide extends Known {
  customer: Customer
  merged: Customer[]
  identities: Identity[]
  conversations: number
  open: number
  touches: number
}

export interface MergePreview {
  from: MergeSide
  into: MergeSide
  fields: { field: string; from: unknown; into: unknown; shows: unknown }[]
  /** To be sent along, so that nothing else is done than what was shown. */
  seen: string
}

export interface UnmergePreview extends MergePreview {
  merge: Merge
  /** Addresses that came while the two were one; each stays with its side unless it is moved. */
  since: { identity: Identity; side: 'from' | 'into'; touches: number }[]
  touches: number
}

export interface SuggestedSide extends Known {
  customer: Customer
  identities: Identity[]
}

export interface Suggestion {
  id: string
  score: number
  reasons: { kind: 'named' | 'email' | 'phone' | 'typed' | 'name' | 'sound' | 'device' | 'start'; value?: string }[]
  state: 'open' | 'merged' | 'dismissed'
  at: Millis
  a: SuggestedSide
  b: SuggestedSide
}
