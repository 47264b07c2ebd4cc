import type { Millis } from './millis'

// Channels: what a kind is able to, and how each account of it fares.

export type HealthState = 'connected' | 'connecting' | 'refused' | 'failing' | 'off'

/** How an account fares. All but the state and the backlog only reach supervisors. */
export interface AccountHealth {
  state: HealthState
  detail?: string
  /** What to do about it. */
  do?: string
  connected_at?: Millis
  heard_at?: Millis
  /** Messages that the provider still holds for us. */
  backlog?: number
  queued?: number
  failed_today?: number
  limited_until?: Millis
  silent_since?: Millis
  /** Newest first. */
  errors?: { at: Millis; text: string; do?: string }[]
}

export type HealthOf = AccountHealth & { account: string }

export interface Account {
  id: string
  kind: string
  name: string
  queue: string
  reopen_hours: number
  units: number
  enabled: boolean
  import_since?: Millis
  silent_minutes?: number
  max_file_mb?: number
  continue_on?: string
  continue_after?: number
  settings: Record<string, unknown>
  secrets_set?: string[]
  version: number
  created_at: Millis
  archived?: boolean
  health?: AccountHealth
  webhook_url?: string
}

export interface Text {
  en: string
  fa: string
}

export interface Limits {
  text_length: number
  segments?: boolean
  html?: boolean
  subject?: boolean
  live?: boolean
  no_reply_to?: boolean
  /** What the channel carries itself; absent: files are sent as links. */
  files?: FileLimits
  recipients?: boolean
  quotes?: boolean
  edits?: boolean
  delivered?: boolean
  read?: boolean
}

export interface FileLimits {
  max_size: number
  /** Files of one message; 0: any number. */
  most: number
  /** Media types, "image/*"; absent: all. */
  types?: string[]
  /** Characters of text that go with a file; longer text is a message before it. */
  caption?: number
}

export interface Field {
  key: string
  type: 'text' | 'secret' | 'number' | 'bool' | 'choice' | 'list'
  choices?: string[]
  required?: boolean
  default?: unknown
  label: Text
  help?: Text
  /** "provider=twilio,vonage": shown while that other field has one of these values. */
  when?: string
  /** "more": among the settings that few need. */
  group?: string
}

export interface Kind {
  name: string
  label: Text
  fields: Field[]
  limits: Limits
  weight: number
  /** A first connection can fetch what came before. */
  import?: boolean
}
