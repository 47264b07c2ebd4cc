import type { Ask } from './conversation'
import type { Millis } from './millis'
import type { Queue } from './queue'
import type { Actor } from './touch'
import type { Agent, AgentState } from './user'

// The live page and the audit.

export interface QueueView {
  id: string
  queue: Queue
  waiting: number
  /** Of them: their visitors have left the page. They are not who has waited longest. */
  left: number
  longest_wait_since?: Millis
  offered: number
  active: number
  snoozed: number
  /** Promises that are broken now. */
  broken: number
  offered_today: number
  /** Waits that ended: answered, abandoned or flowed out. */
  ended_today: number
  answered_today: number
  answered_in_target_today: number
  abandoned_today: number
  abandoned_short_today: number
  /** Queue entry to answer, ms; 0: none was answered. */
  asa_today: number
  /** 0 to 1; null: nothing to measure. */
  service_level_today: number | null
  /** What it is a share of: answered_in_target_today ÷ this. */
  service_level_of_today: number
  estimate_error_today?: { count: number; mean_ms: number; mean_abs_ms: number } | null
  open: boolean
  /** '' while it is open. */
  closed_reason?: 'hand' | 'calendar' | ''
  opens_at?: Millis
  agents: Partial<Record<AgentState, number>>
  spark?: Spark | null
}

/** The last hours, oldest first, one value a step of so many ms. */
export interface Spark {
  step: number
  waiting: number[]
  /** Longest wait, ms. */
  longest: number[]
  arrived: number[]
}

export interface AgentView {
  user: { id: string; name: string }
  agent: Agent
  capacity: number
  used: number
  by_channel?: Record<string, number>
  today?: {
    handled: number
    aht_ms: number
    occupancy: number | null
    first_response_ms: number
    rona: number
    /** State, or "break/reason" → ms. */
    states?: Record<string, number>
  }
}

/** A flag or a review that waits for its answer. */
export interface OpenAsk {
  conversation: string
  number: number
  ask: Ask
}

export interface SupervisorView {
  queues: QueueView[]
  agents: AgentView[]
  flags?: OpenAsk[]
  reviews?: OpenAsk[]
  /** When today began. */
  since?: Millis
  at: string
}

/** One change by a person: of a setting, or by steering. */
export interface AuditItem {
  id: string
  at: Millis
  by: string | Actor
  action: string
  subject: string
  conversation?: { id: string; number: number }
  before?: unknown
  after?: unknown
}
