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
  queued_at?: Millis
  sticky_until?: Millis
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

export interface Actor {
  kind: 'customer' | 'agent' | 'system'
  id?: string
}

export type SendState = 'received' | 'queued' | 'sending' | 'sent' | 'delivered' | 'read' | 'failed' | 'uncertain' | ''

/** What a message carries. The hub gives its content at /files/<touch>/<place in the list>. */
export interface FileInfo {
  name: string
  type: string
  kind: 'image' | 'audio' | 'voice' | 'video' | 'file' | 'raw' | (string & {})
  size?: number
  blob?: string
  /** An inline image of a mail's HTML. */
  cid?: string
  width?: number
  height?: number
  /** In seconds. */
  duration?: number
  /** Why the content is not here. */
  missing?: string
}

/** A file that was uploaded to be sent; id is what replies name, for a day. */
export interface Uploaded extends FileInfo {
  id: string
}

/** Addresses as in a header: "Name <a@b>" or "a@b". */
export interface Envelope {
  from?: string
  reply_to?: string[]
  to?: string[]
  cc?: string[]
  bcc?: string[]
}

export interface Body {
  subject?: string
  text: string
  /** Events may carry it; lists leave it out and say has_html. */
  html?: string
  has_html?: boolean
  /** How many images of the HTML stand on other people's servers. */
  remote_images?: number
  raw?: string
  blob?: string
  files?: FileInfo[]
  envelope?: Envelope
  /** The touch that is sent on to a third party. */
  forward?: string
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
  reply_to?: string
  /** Of an edit or a deletion: the touch that it is about. */
  of?: string
  /** Of a rating: 1 to 5; of a verdict: 1, send it. */
  score?: number
  /** Why it is taken for spam. */
  spam?: string
  body?: Body
}

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

export interface AlertRule {
  id: string
  kind: 'longest_wait' | 'queue_length' | 'service_level' | 'unstaffed' | 'sla' | 'flag' | 'account'
  queues?: string[]
  value: number
  sound?: boolean
  emails?: string[]
  account?: string
  webhook?: string
  off?: boolean
}

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
  /** Bytes of one file that may be uploaded. */
  max_file?: number
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

/** What a reply carries besides its text. */
export interface ReplyExtras {
  files?: string[]
  reply_to?: string
  forward?: string
  envelope?: Pick<Envelope, 'to' | 'cc' | 'bcc'>
  subject?: string
}

/** What a mail's answer is filled with. */
export interface Recipients {
  envelope: Pick<Envelope, 'to' | 'cc' | 'bcc'>
  reply_all?: Pick<Envelope, 'to' | 'cc'>
  subject?: string
  signature?: string
}

/** A touch on the timeline of a customer. */
export type TimelineTouch = Touch & { number: number }

export interface SearchAnswer {
  customers: { id: string; name: string; address: string; channel: string }[]
  messages: { touch: string; conversation: string; number: number; customer: string | { id: string; name: string }; snippet: string; at: Millis }[]
}

export interface QueueView {
  id: string
  queue: Queue
  waiting: number
  longest_wait_since?: Millis
  offered: number
  active: number
  snoozed: number
  /** Promises that are broken now. */
  broken: number
  offered_today: number
  answered_today: number
  answered_in_target_today: number
  abandoned_today: number
  abandoned_short_today: number
  /** Queue entry to answer, ms; 0: none was answered. */
  asa_today: number
  /** 0 to 1; null: nothing to measure. */
  service_level_today: number | null
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

/** A setting that is one value; version is sent back with a change. */
export interface Setting<V> {
  value: V
  version: number
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

export interface CalendarDay {
  date: string
  open: { from: Millis; to: Millis }[] | null
  holiday?: string
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
