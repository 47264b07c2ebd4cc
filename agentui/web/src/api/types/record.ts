import type { Millis } from './millis'
import type { Touch } from './touch'
import type { ClockKind } from './conversation'

// What is kept of customers and organisations: fields, consent, stages, relations, touches of every kind and what follows from them.

/** A decimal number; the hub writes it as text or as a number. */
export type Amount = string | number

export interface TouchItem {
  product?: string
  name?: string
  quantity?: Amount
  amount?: Amount
}

/** What a touch of another kind than a message says, in typed fields. */
export interface TouchData {
  amount?: Amount
  currency?: string
  cost?: Amount
  items?: TouchItem[]
  order?: string
  seconds?: number
  outcome?: string
  place?: string
  programme?: string
  step?: string
  fields?: Record<string, unknown>
}

/** A touch on a timeline; `number` is of its conversation, `customer` is said where there are several. */
export type RecordTouch = Touch & { number: number; data?: TouchData; customer?: { id: string; name: string }; pinned?: boolean }

/** A touch that somebody logs; the same id is logged once. */
export interface Entry {
  id: string
  source?: string
  kind: string
  at?: Millis
  customer: { id?: string; identity?: string; channel?: string; address?: string; phone?: string; email?: string; name?: string }
  inbound?: boolean
  agent?: string
  subject?: string
  text?: string
  data?: TouchData
}

export interface Logged {
  id: string
  touch?: string
  status: 'recorded' | 'known' | 'refused'
  error?: string | { message: string; field?: string }
}

export type FieldType = 'text' | 'number' | 'money' | 'date' | 'choice' | 'choices' | 'yes_no' | 'link'
export interface Words {
  en?: string
  fa?: string
}
export interface FieldOption {
  id: string
  name: Words | string
  archived?: boolean
}

export interface AttributeField {
  id: string
  name: Words
  type: FieldType
  options?: FieldOption[] | null
  required?: boolean
}

export interface Attribute extends AttributeField {
  of: 'customer' | 'organisation' | 'conversation'
  group: 'demographic' | 'psychographic' | 'product' | 'commercial' | ''
  see?: string[]
  edit?: string[]
  archived?: boolean
}

/** A kind of touches that are logged: the hub's, or one of the firm's own, whose id begins with x_. */
export interface TouchKind {
  id: string
  name: Words
  icon?: string
  inbound?: boolean
  /** Fields of an entry that must be there. */
  needs?: string[] | null
  /** Fields of its data that it has. */
  parts?: string[] | null
  steps?: string[] | null
  outcomes?: string[] | null
  fields?: AttributeField[] | null
  archived?: boolean
}

export interface Place {
  country?: string
  city?: string
  address?: string
}

export interface Membership {
  organisation: string
  name: string
  role?: string
  since?: Millis
  until?: Millis
}

export interface Relation {
  id: string
  other: { id: string; name: string }
  kind: string
  /** The other is its beginning, and called by its name of the way back. */
  back?: boolean
  text?: string
  at?: Millis
}

export interface Consent {
  channel: string
  purpose: string
  state: 'given' | 'refused' | (string & {})
  at: Millis
  by?: string
  evidence?: string
  /** A stop or start of this address itself; its purpose is empty. */
  identity?: string
}

export interface StageChange {
  stage: string
  at: Millis
  /** A user; "@rule": by the rule of stages, because of a touch. */
  by?: string
  why?: string
  touch?: string
}

/** Which touches a figure was counted from, as the timeline's filter. */
export type From = Record<string, string | number | undefined>

export interface Summary {
  channels: { channel: string; in: number; out: number; first: Millis; last: Millis; median_response?: number; from: From }[]
  /** Oldest first, those without a touch left out. */
  months: { month: string; channels: Record<string, number>; kinds: Record<string, number>; from: From }[]
  value: { currency: string; recency_days?: number | null; frequency: number; returns?: number; money: Amount; cost?: Amount; margin?: Amount; from: From }[]
  products: { product?: string; name?: string; currency?: string; quantity?: Amount; amount?: Amount; last: Millis; from: From }[]
  programmes: { programme: string; step: string; at: Millis; from: From }[]
  visits: { count: number; last?: Millis; pages: { address: string; title?: string; count: number }[]; from: From }
  /** csat in percent. */
  satisfaction: { csat: number | null; count: number; last?: number; at?: Millis; nps: number | null; from: From }
  open: { conversations: number; promises: { conversation: string; number: number; kind: ClockKind; due?: Millis; left?: Millis; broken?: boolean }[]; orders: { order: string; step: string; at: Millis; from: From }[] }
}

export interface Organisation {
  id: string
  name: string
  version?: number
  place?: Place
  tags?: string[]
  owner?: string
  attributes?: Record<string, unknown>
  created_at?: Millis
  members?: number
}

export interface OrganisationRecord {
  organisation: Organisation
  /** Not all members are here. */
  more?: boolean
  members: { customer: { id: string; name: string }; role?: string; since?: Millis; until?: Millis }[]
}

export interface Around {
  nodes: { id: string; type: 'customer' | 'organisation'; name: string }[]
  edges: { from: string; to: string; kind: string }[]
  more?: boolean
}

export interface Access {
  by: string
  at: Millis
  what: 'seen' | 'changed'
  /** Of what was seen; missing: its page, or the panel beside a conversation. */
  how?: 'conversation' | 'token' | 'unmask' | 'export'
  /** Of the audit. */
  action?: string
  /** That were changed, and what they were, where that is kept. */
  fields?: string[] | null
  history?: { field: string; was?: unknown; value?: unknown }[] | null
}

export interface RelationKind extends FieldOption {
  /** What the other is to the one. */
  back?: Words
}

export interface RecordSettings {
  stages: FieldOption[]
  purposes: FieldOption[]
  relation_kinds: RelationKind[]
  field_roles?: Record<string, { see?: string[]; edit?: string[] }>
  required_fields?: string[]
  stale_days?: number
}
