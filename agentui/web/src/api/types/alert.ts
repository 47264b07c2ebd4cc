import type { Millis } from './millis'

// What supervisors are told of without looking.

export interface AlertRule {
  id: string
  kind: 'longest_wait' | 'queue_length' | 'service_level' | 'unstaffed' | 'impossible' | 'sla' | 'flag' | 'account'
  queues?: string[]
  value: number
  sound?: boolean
  emails?: string[]
  account?: string
  webhook?: string
  off?: boolean
}

/** Something that a supervisor should know: of an account, or what a rule watches for. */
export interface Alert {
  id: string
  kind: 'silent' | 'refused' | 'failing' | AlertRule['kind'] | (string & {})
  rule?: string
  account?: string
  queue?: string
  conversation?: string
  since: Millis
  text: string
  text_fa?: string
  value?: number
  limit?: number
  sound?: boolean
  acked_by?: string
  acked_at?: Millis
}
