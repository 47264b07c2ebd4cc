import type { Need } from './conversation'
import type { Millis } from './millis'

// How conversations find their agents: queues, skills, hours, promises.

export interface Queue {
  id: string
  name: string
  mode: 'push' | 'offer' | 'pull'
  offer_seconds: number
  target_seconds?: number
  wrap_up_seconds?: number
  priority?: number
  members: string[]
  signature?: string
  routing: Routing
  version: number
  archived?: boolean
}

/** How a queue's conversations find their agents; {} is what a small team needs. Seconds throughout. */
export interface Routing {
  order?: 'longest_idle' | 'least_active' | 'most_available' | 'load_ratio' | 'round_robin'
  waiting?: 'score' | 'sla'
  sticky_seconds?: number
  needs?: Need[]
  secondary?: { after: number; members: string[] }[]
  overflow?: Overflow[]
  calendar?: string
  release_seconds?: number
  heavy_seconds?: number
  closed?: boolean
  closed_text?: string
}

export interface Overflow {
  when: 'wait' | 'length' | 'unstaffed' | 'closed' | 'impossible'
  value?: number
  queue?: string
  text?: string
}

/** The setting "routing": what holds for the whole workspace. */
export interface RoutingSetting {
  grace_seconds?: number
  round_seconds?: number
  wrap_up_most?: number
  break_reasons?: string[]
  skills?: string[]
  tell_waiting?: boolean
  tiers?: string[]
  short_abandon_secs?: number
}

export interface Span {
  /** Minutes from midnight; to up to 1440. */
  from: number
  to: number
}

export interface Calendar {
  id: string
  name: string
  zone: string
  /** From Sunday. */
  week: (Span[] | null)[]
  holidays?: { date: string; jalali?: boolean; name?: string; open?: Span[] }[]
}

export interface SLAPolicy {
  id: string
  name: string
  queues?: string[]
  channels?: string[]
  tiers?: string[]
  min_priority?: number
  first?: number
  next?: number
  resolution?: number
  warn_percent?: number
  calendar?: string
}

export interface CalendarDay {
  date: string
  open: { from: Millis; to: Millis }[] | null
  holiday?: string
}
