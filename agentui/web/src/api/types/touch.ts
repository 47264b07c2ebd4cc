import type { Millis } from './millis'

// One logged contact and what it carries; what a reply is made of.

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
  /** Kinds of what was masked in it. */
  masked?: string[]
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
