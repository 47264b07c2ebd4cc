import type { Agent, Alert, Event, HealthOf, QueueView, SupervisorView } from '@/api/types'

// The live socket's items; agentui/protocol.go is their definition.

export type Item =
  | { t: 'hello'; at: string; recorded: string; agent: Agent; user: string }
  | { t: 'event'; id: string; event: Event }
  | { t: 'recorded'; id: string }
  | { t: 'typing'; conversation: string; from: 'customer' | 'agent'; agent?: string; on?: boolean }
  | ({ t: 'health' } & HealthOf)
  | { t: 'alerts'; alerts?: Alert[] | null }
  | { t: 'status'; record: 'up' | 'down' }
  | { t: 'figures'; part?: boolean; figures: FiguresPart }
  | { t: 'pong' }

/** What supervisors who watch are told. */
export type Figures = Omit<SupervisorView, 'at'>

/**
 * Figures on the line. The first are whole. A part holds the rows of queues and agents that changed, a queue's own row and its sparks
 * only when those did, and flags and reviews or null when they are as before.
 */
export interface FiguresPart {
  queues: (Omit<QueueView, 'queue'> & Partial<Pick<QueueView, 'queue'>>)[]
  agents: SupervisorView['agents']
  flags?: SupervisorView['flags'] | null
  reviews?: SupervisorView['reviews'] | null
  since?: number
}

/** What a close code asks of us. */
export type Cure = 'resume' | 'reload' | 'sign_in' | 'stop'

const cures: Record<number, Cure> = { 4000: 'reload', 4001: 'sign_in', 4400: 'stop' }

/** cureOf: unknown codes, and those that say "slow" or "going down", mean: connect again with the last id. */
export function cureOf(code: number): Cure {
  return cures[code] ?? 'resume'
}

/** The n of an event id "<n>-<token>"; 0 when there is none. It fits a double until 2^53. */
export function nOf(id: string | undefined): number {
  return id ? Number.parseInt(id, 10) || 0 : 0
}

/** parseFrame reads a frame: an array of items. Items of a kind that is not known are left out. */
export function parseFrame(text: string): Item[] {
  const data: unknown = JSON.parse(text)
  if (!Array.isArray(data)) throw new Error('a frame is an array')
  return data.filter((x): x is Item => typeof x === 'object' && x !== null && known.has((x as Item).t))
}

const known = new Set(['hello', 'event', 'recorded', 'typing', 'health', 'alerts', 'status', 'figures', 'pong'])
