import type { ConversationView } from './conversation'
import type { Millis } from './millis'

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
}

export interface Customer {
  id: string
  name: string
  tier?: string
  created_at: Millis
  version?: number
}

export interface CustomerDetail {
  customer: Customer
  identities: Identity[]
  conversations: ConversationView[]
  at: string
}
