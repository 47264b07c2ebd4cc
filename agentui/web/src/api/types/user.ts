import type { Kind } from './account'
import type { Firm } from './firm'
import type { Millis } from './millis'

// Who works here, and what they are doing now.

export type AgentState = 'offline' | 'available' | 'busy' | 'break' | 'not_responding' | 'wrap_up'

export interface Agent {
  id: string
  version: number
  state: AgentState
  reason?: string
  since: Millis
  idle_since?: Millis
  wrap_up_until?: Millis
  lost_at?: Millis
  held?: Record<string, number>
  /** Kinds of channels whose conversations are taken; empty: all. */
  channels?: string[]
  turn_at?: Millis
  /** The conversation whose wrap-up it is. */
  wrap_up?: string
  /** Who set the state, when it was another. */
  state_by?: string
  online_at?: Millis
}

export type Role = 'agent' | 'supervisor' | 'admin'

export interface User {
  id: string
  email: string
  name: string
  public_name?: string
  role: Role
  locale: string
  capacity: number
  signature?: string
  disabled?: boolean
  version: number
  created_at: Millis
  /** Skill → level, 1 to 5. */
  skills?: Record<string, number>
}

export interface Me {
  user: User
  agent: Agent
  firm: Firm
  version: string
  channels: Kind[]
  /** Bytes of one file that may be uploaded. */
  max_file?: number
}

export interface SessionView {
  id: string
  created_at: Millis
  seen_at?: Millis
  last_seen_at?: Millis
  ip?: string
  address?: string
  user_agent?: string
  current?: boolean
}

export interface TokenView {
  id: string
  name: string
  created_at: Millis
  last_used_at?: Millis
  secret?: string
}
