import { get, post, put, type Query } from '@/api/client'
import type { Role, Setting } from '@/api'
import type { Millis } from '@/api/types/millis'

// What is masked, how long things stay, and who is erased. Errors: ApiError.

export interface Retention {
  id: string
  name: string
  enabled: boolean
  days: number
  what: 'text' | 'customer'
  kinds: string[]
  channels: string[]
  without_purpose: string
}
export interface PrivacyRules {
  cards: boolean
  national_ids: '' | 'named' | 'always'
  passwords: boolean
  keep: boolean
  reveal: '' | Role
  retention: Retention[]
}
export interface RetentionPreview {
  touches: number
  customers: number
  oldest: Millis
  held: number
}
export interface Retained {
  touches: number
  customers: number
  /** There was not time enough for all. */
  more: boolean
}
export interface EraseCounts {
  customers: number
  identities: number
  conversations: number
  touches: number
  bodies: number
  files: number
}
export interface Erasure {
  id: string
  customer: string
  stands: string
  at: Millis
  /** User; empty: a rule. */
  by: string
  reason: string
  counts: EraseCounts
  scrubbed_at: Millis
}
export interface ErasePreview {
  counts: EraseCounts
  open: number
  hold?: { at: Millis; by: string; why: string }
}
export interface Secret {
  kind: 'card' | 'national_id' | 'password'
  value: string
}

const id = encodeURIComponent
export const privacy = {
  read: () => get<Setting<PrivacyRules>>('/settings/privacy'),
  write: (x: Setting<PrivacyRules>) => put<Setting<PrivacyRules>>('/settings/privacy', x),
  preview: (rule: Retention) => post<RetentionPreview>('/settings/privacy/preview', { rule }),
  run: () => post<Retained>('/settings/privacy/run'),
  erasures: (query: Query) => get<{ items: Erasure[] }>('/erasures', query),
  willErase: (c: string) => get<ErasePreview>(`/customers/${id(c)}/erase`),
  erase: (c: string, reason: string) => post<Erasure>(`/customers/${id(c)}/erase`, { reason }),
  hold: (c: string, why: string) => put<unknown>(`/customers/${id(c)}/hold`, { why }),
  /** lang: en, fa; '' leaves it to the hub: the customer's own, else the firm's. */
  exportUrl: (c: string, lang = '') => `/api/v1/customers/${id(c)}/export${lang && `?lang=${lang}`}`,
  unmask: (touch: string) => post<{ secrets: Secret[] }>(`/touches/${id(touch)}/unmask`),
}
