// The shapes of the hub's JSON, as inbox/record and channels write them. Times are Unix milliseconds,
// 0 or absent: never. Ids are opaque strings.

export type Millis = number
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
}

export interface Preview {
  text: string
  inbound: boolean
  author?: Actor
  kind: string
  unreadable?: boolean | string
}

/** A conversation as lists show it. */
export interface ConversationView extends Conversation {
  customer: { id: string; name: string }
  address: string
  subject?: string
  preview?: Preview
}

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
}

export interface Actor {
  kind: 'customer' | 'agent' | 'system'
  id?: string
}

export type SendState = 'received' | 'queued' | 'sending' | 'sent' | 'delivered' | 'read' | 'failed' | 'uncertain' | ''

export interface Body {
  subject?: string
  text: string
  html?: string
  raw?: string
  blob?: string
}

export interface Touch {
  id: string
  n: number
  kind: string
  conversation: string
  identity: string
  account: string
  channel: string
  inbound: boolean
  author: Actor
  at: Millis
  state: SendState
  rev: number
  attempt?: number
  retry_at?: Millis
  error?: string
  key?: string
  provider_id?: string
  auto_reply?: boolean
  unreadable?: string
  body?: Body
}

export interface Identity {
  id: string
  customer: string
  channel: string
  address: string
  name?: string
}

export interface Why {
  code: string
  engine?: number
  now?: Millis
  last?: string
  waited?: Millis
  score?: number
  candidates?: string[]
  excluded?: Record<string, string>
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

export interface Queue {
  id: string
  name: string
  mode: 'push' | 'offer' | 'pull'
  offer_seconds: number
  target_seconds?: number
  wrap_up_seconds?: number
  priority?: number
  members: string[]
  version: number
  archived?: boolean
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
  disabled?: boolean
  version: number
  created_at: Millis
}

export type HealthState = 'connected' | 'connecting' | 'refused' | 'failing' | 'off'

export interface AccountHealth {
  state: HealthState
  detail?: string
  heard_at?: Millis
  backlog?: number
}

export interface Account {
  id: string
  kind: string
  name: string
  queue: string
  reopen_hours: number
  units: number
  enabled: boolean
  settings: Record<string, unknown>
  secrets_set?: string[]
  version: number
  created_at: Millis
  archived?: boolean
  health?: AccountHealth
  webhook_url?: string
}

export interface Canned {
  id: string
  shortcut: string
  title: string
  text: string
  version: number
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
}

export interface Field {
  key: string
  type: 'text' | 'secret' | 'number' | 'bool' | 'choice' | 'list'
  choices?: string[]
  required?: boolean
  default?: unknown
  label: Text
  help?: Text
}

export interface Kind {
  name: string
  label: Text
  fields: Field[]
  limits: Limits
  weight: number
}

export interface Firm {
  name: string
  locale: string
  timezone?: string
  color?: string
  about?: string
  version?: number
}

export interface Me {
  user: User
  agent: Agent
  firm: Firm
  version: string
  channels: Kind[]
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
  at: string
}

export interface CommandAnswer {
  event_id: string
  conversation?: Conversation
  touch?: Touch
}

export interface Customer {
  id: string
  name: string
  created_at: Millis
  version?: number
}

export interface CustomerDetail {
  customer: Customer
  identities: Identity[]
  conversations: ConversationView[]
  at: string
}

/** A touch on the timeline of a customer. */
export type TimelineTouch = Touch & { number: number }

export interface SearchAnswer {
  customers: { id: string; name: string; address: string; channel: string }[]
  messages: { touch: string; conversation: string; number: number; customer: string | { id: string; name: string }; snippet: string; at: Millis }[]
}

export interface QueueView {
  queue: Queue
  waiting: number
  longest_wait_since?: Millis
  active: number
  answered_today: number
  answered_in_target_today: number
  agents: Partial<Record<AgentState, number>>
}

export interface AgentView {
  user: { id: string; name: string }
  agent: Agent
  capacity: number
  used: number
}

export interface SupervisorView {
  queues: QueueView[]
  agents: AgentView[]
  at: string
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
