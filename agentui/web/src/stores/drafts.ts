import { reactive } from 'vue'
import type { Envelope, Uploaded } from '@/api'
import { kept } from '@/lib/store'
import { userId } from './session'

/** What is written and not sent, per conversation. It outlives the page. */
export interface Draft {
  /** A draft is a colleague's proposal to the owner, a whisper a supervisor's word to them. */
  kind: 'reply' | 'note' | 'draft' | 'whisper'
  text: string
  /** What was uploaded to go with it; each can be sent until its time. */
  files?: (Uploaded & { until: number })[]
  /** The touch that it answers, chosen by the agent. */
  reply_to?: string
  /** The touch that is sent on. */
  forward?: string
  /** Recipients as the agent changed them. */
  envelope?: Pick<Envelope, 'to' | 'cc' | 'bcc'>
  subject?: string
}

export const drafts = reactive(new Map<string, Draft>())
const prefix = () => `tamas.draft.${userId.value}.`
const something = (d: Draft | null) => !!d && !!(d.text.trim() || d.files?.length || d.reply_to || d.forward)

export function loadDrafts(): void {
  drafts.clear()
  for (const k of kept.keys(prefix())) {
    const d = kept.get<Draft | null>(k, null)
    if (something(d)) drafts.set(k.slice(prefix().length), d!)
  }
}

export function keepDraft(conversation: string, d: Draft): void {
  const key = prefix() + conversation
  if (something(d)) {
    drafts.set(conversation, d)
    kept.set(key, d)
  } else {
    drafts.delete(conversation)
    kept.drop(key)
  }
}
