import type { Conversation, Need } from './conversation'
import type { Identity } from './customer'
import type { Millis } from './millis'
import type { Actor, Touch } from './touch'
import type { Agent } from './user'

// What happened, why the router decided so, and why somebody still waits.

export interface Why {
  code: string
  engine?: number
  now?: Millis
  last?: string
  waited?: Millis
  score?: number
  candidates?: string[]
  excluded?: Record<string, string>
  /** Members left out of excluded. */
  more?: number
}

/** Why a conversation waits, as of now. */
export interface Explanation {
  now: Millis
  score: number
  /** 1 is next. */
  position: number
  waited: number
  since: Millis
  /** In force now, its queue's among them. */
  needs?: Need[] | null
  next?: { at: Millis; what: 'ring' | 'secondary' | 'overflow' | 'sticky' | 'round' | 'calendar' | 'heavy' | (string & {}) } | null
  reasons?: Reason[] | null
}

/** Why an agent, or nobody at all, can have it. */
export interface Reason {
  agent?: string
  reason: string
  skill?: string
  until?: Millis
}

export interface Event {
  v: number
  /** On the live socket it stands beside the event. */
  id: string
  kind: string
  at: Millis
  by: Actor
  key?: string
  reason?: Why
  conversation?: Conversation
  agents?: Agent[]
  touch?: Touch
  identity?: Identity
  account?: string
  cursor?: string
  topic?: string
}
