import { reactive } from 'vue'
import { kept } from '@/lib/store'
import { userId } from './session'

/** What is typed and not sent, per conversation. It outlives the page. */
export interface Draft {
  kind: 'reply' | 'note'
  text: string
}

export const drafts = reactive(new Map<string, Draft>())
const prefix = () => `tamas.draft.${userId.value}.`

export function loadDrafts(): void {
  drafts.clear()
  for (const k of kept.keys(prefix())) {
    const d = kept.get<Draft | null>(k, null)
    if (d?.text) drafts.set(k.slice(prefix().length), d)
  }
}

export function keepDraft(conversation: string, d: Draft): void {
  const key = prefix() + conversation
  if (d.text.trim()) {
    drafts.set(conversation, d)
    kept.set(key, d)
  } else {
    drafts.delete(conversation)
    kept.drop(key)
  }
}
