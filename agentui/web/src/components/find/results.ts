import type { RouteLocationRaw } from 'vue-router'
import { plain, t, type Key } from '@/i18n'
import { stamp } from '@/i18n/time'
import { channelIcon } from '@/lib/channels'
import { nameOf, plainAddress } from '@/lib/names'
import type { Found, FoundConversation, FoundTouch, Part } from './api'
import { kindText, type OwnKinds } from './proposals'

/** A row that can be chosen. */
export interface Row {
  id: string
  icon: string
  title: string
  /** Instead of the title, where pieces of it were found. */
  parts?: Part[]
  snippet?: Part[]
  hint?: string
  at?: string
  kbds?: string[]
  to?: RouteLocationRaw
  run?: () => unknown
}
export interface Group {
  id: string
  title: string
  rows: Row[]
  /** Whether there may be more of them than are shown. */
  more?: boolean
}

const partsOf = (x: { parts?: Part[]; snippet?: string }): Part[] => x.parts ?? [{ text: (x.snippet ?? '').replace(/<\/?\w+>/g, '') }]
const icons: Record<string, string> = { note: 'i-lucide-lock', call: 'i-lucide-phone', shop_visit: 'i-lucide-store', purchase: 'i-lucide-shopping-bag', return: 'i-lucide-undo-2', visit: 'i-lucide-globe', self_service: 'i-lucide-mouse-pointer-click', programme: 'i-lucide-megaphone', delivery: 'i-lucide-truck', event: 'i-lucide-calendar-days' }

/** Whose it is as a title, with the number beside it; a number alone where nobody is known. */
function whose(c: FoundTouch['customer'], number: number): { title: string; beside: string } {
  const no = number ? `#${plain(number)}` : ''
  return c.name || c.address ? { title: nameOf(c), beside: no } : { title: no || t('customer.unknown'), beside: '' }
}

/** Where the record of a customer or an organisation is read; undefined: nowhere in this app. */
export type RecordAt = (kind: 'customer' | 'organisation', id: string, touch?: string) => RouteLocationRaw | undefined

const conversationAt = (id: string, touch?: string): RouteLocationRaw => ({ name: 'inbox', params: { id }, query: touch ? { touch } : {} })

function touchRow(x: FoundTouch, now: number, at: RecordAt, own: OwnKinds): Row {
  const { title, beside } = whose(x.customer, x.number)
  const kind = x.kind && x.kind !== 'message' ? kindText(x.kind, own) : ''
  return {
    id: `t:${x.touch}`,
    icon: (x.kind && icons[x.kind]) || (x.number && x.channel ? channelIcon(x.channel) : x.kind?.startsWith('x_') ? 'i-lucide-shapes' : 'i-lucide-message-square-text'),
    title,
    hint: [beside, kind].filter(Boolean).join(' · '),
    snippet: partsOf(x),
    at: stamp(x.at, now),
    to: x.conversation ? conversationAt(x.conversation, x.touch) : at('customer', x.customer.id, x.touch),
  }
}

function conversationRow(x: FoundConversation, now: number): Row {
  const { title, beside } = whose(x.customer, x.number)
  return {
    id: `v:${x.id}`,
    icon: channelIcon(x.channel),
    title,
    hint: [beside, t(`status.${x.status}` as Key), ...(x.tags ?? [])].filter(Boolean).join(' · '),
    snippet: x.parts?.length ? x.parts : x.subject ? [{ text: x.subject }] : undefined,
    at: stamp(x.at, now),
    to: conversationAt(x.id),
  }
}

/** What was found as rows in groups, at most so many of a group. */
export function groupsOf(found: Found, most: number, now: number, at: RecordAt, own: OwnKinds): Group[] {
  const group = (id: string, key: Key, rows: Row[]): Group => ({ id, title: t(key), rows: rows.slice(0, most), more: rows.length > most })
  return [
    group('customers', 'find.in.customers', found.customers.map((c) => ({ id: `c:${c.id}`, icon: channelIcon(c.channel), title: nameOf(c), parts: c.name && c.parts?.map((p) => p.text).join('') === c.name ? c.parts : undefined, hint: c.name && c.address ? plainAddress(c.channel, c.address) : '', to: at('customer', c.id) }))),
    group('organisations', 'find.in.organisations', (found.organisations ?? []).map((o) => ({ id: `o:${o.id}`, icon: 'i-lucide-building-2', title: o.name, parts: o.parts, to: at('organisation', o.id) }))),
    group('conversations', 'find.in.conversations', (found.conversations ?? []).map((c) => conversationRow(c, now))),
    group('messages', 'find.in.messages', found.messages.map((m) => touchRow(m, now, at, own))),
    group('touches', 'find.in.touches', (found.touches ?? []).map((m) => touchRow(m, now, at, own))),
  ].filter((g) => g.rows.length)
}
