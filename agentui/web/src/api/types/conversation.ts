import type { Millis } from './millis'
import type { Actor, Touch } from './touch'

// A matter of a customer's: where it stands, what it asks of an agent, what was promised, and how lists show it.

export type Status = 'waiting' | 'offered' | 'active' | 'snoozed' | 'resolved'

export interface Conversation {
  id: string
  number: number
  version: number
  identity: string
  account: string
  channel: string
  thread: string
  queue: string
  status: Status
  owner?: string
  offered_to?: string
  offer_until?: Millis
  declined?: string[]
  prefer?: string
  priority?: number
  units: number
  tags?: string[]
  unread?: number
  unanswered?: Millis
  created_at: Millis
  waiting_since?: Millis
  assigned_at?: Millis
  first_response_at?: Millis
  last_inbound_at?: Millis
  last_message_at: Millis
  last_message?: string
  snoozed_until?: Millis
  resolved_at?: Millis
  reopen_until?: Millis
  previous?: string
  queued_at?: Millis
  sticky_until?: Millis
  /** When who waited in a live chat left the page; 0: did not, or is back. */
  left_at?: Millis
  /** Of its own; its queue's come on top. */
  needs?: Need[]
  hops?: string[]
  /** Active, and holds no units until its customer writes. */
  released?: boolean
  tier?: string
  /** Account on which its customer chose to be answered. */
  later?: string
  told?: { at: Millis; position: number; wait: number }
  sla?: { policy: string; clocks?: Clock[] }
  consult?: { agent: string; by: string; at: Millis; joined?: Millis }
  /** A draft that a colleague is asked to look at. */
  review?: Ask
  /** Raised and not answered yet. */
  flag?: Ask
  /** Supervisors who take part beside the owner. */
  barged?: string[]
}

/** A skill that is asked of the agent; with drop_after only for so many seconds. */
export interface Need {
  skill: string
  level?: number
  drop_after?: number
}

export type ClockKind = 'first' | 'next' | 'resolution'

/** One promise; due only while it runs, left only while it stands still. */
export interface Clock {
  kind: ClockKind
  target: number
  calendar?: string
  /** Whose promise it is, when that is not the conversation's policy any more. */
  policy?: string
  since: Millis
  due?: Millis
  warn_at?: Millis
  left?: number
  warned?: boolean
  broken?: boolean
  met_at?: Millis
}

/** An open question among colleagues. */
export interface Ask {
  touch: string
  by: string
  /** '' or absent: any supervisor. */
  of?: string
  at: Millis
  seen?: Millis
}

export interface Preview {
  text: string
  inbound: boolean
  author?: Actor
  kind: string
  unreadable?: boolean | string
  /** How many files it carries. */
  files?: number
}

/** A conversation as lists show it. */
export interface ConversationView extends Conversation {
  customer: { id: string; name: string }
  address: string
  subject?: string
  preview?: Preview
}

export interface Counts {
  mine: number
  mine_unread: number
  waiting: number
  all_open: number
  queues: Record<string, number>
  at: string
}

export interface ConversationPage {
  items: ConversationView[]
  next: string
  at: string
}

export interface ConversationDetail {
  conversation: ConversationView
  touches: Touch[]
  earlier: boolean
  /** Of its own, by id; missing: none, or an older hub. */
  attributes?: Record<string, unknown>
  at: string
}

export interface CommandAnswer {
  event_id: string
  conversation?: Conversation
  touch?: Touch
}

export interface SearchAnswer {
  customers: { id: string; name: string; address: string; channel: string }[]
  messages: { touch: string; conversation: string; number: number; customer: string | { id: string; name: string }; snippet: string; at: Millis }[]
}
