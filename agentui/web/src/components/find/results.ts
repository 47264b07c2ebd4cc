import type { RouteLocationRaw } from 'vue-router'
import { plain, t, type Key } from '@/i18n'
import { stamp } from '@/i18n/time'
import { channelIcon } from '@/lib/channels'
import { nameOf, plainAddress } from '@/lib/names'
import type { Found, FoundTouch, Part } from './api'
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

const named = (c: FoundTouch['customer']) => (typeof c === 'string' ? { id: '', name: c } : c)

/** Where the record of a customer or an organisation is read; undefined: nowhere in this app. */
export type RecordAt = (kind: 'customer' | 'organisation', id: string, touch?: string) => RouteLocationRaw | undefined

const conversationAt = (id: string, touch?: string): RouteLocationRaw => ({ name: 'inbox', params: { id }, query: touch ? { touch } : {} })

function touchRow(x: FoundTouch, now: number, at: RecordAt, own: OwnKinds): Row {
  const c = named(x.customer)
  const number = x.number ? `#${plain(x.number)}` : ''
  const kind = x.kind && x.kind !== 'message' ? kindText(x.kind, own) : ''
  return {
    id: `t:${x.touch}`,
    icon: (x.kind && icons[x.kind]) || (x.number && x.channel ? channelIcon(x.channel) : x.kind?.startsWith('x_') ? 'i-lucide-shapes' : 'i-lucide-message-square-text'),
    title: c.name || number || t('customer.unknown'),
    hint: [c.name ? number : '', kind].filter(Boolean).join(' · '),
    snippet: partsOf(x),
    at: stamp(x.at, now),
    to: x.conversation ? conversationAt(x.conversation, x.touch) : at('customer', c.id, x.touch),
  }
}

/** What was found as rows in groups, at most so many of a group. */
export function groupsOf(found: Found, most: number, now: number, at: RecordAt, own: OwnKinds): Group[] {
  const group = (id: string, key: Key, rows: Row[]): Group => ({ id, title: t(key), rows: rows.slice(0, most), more: rows.length > most })
  return [
    group('customers', 'find.in.customers', found.customers.map((c) => ({ id: `c:${c.id}`, icon: channelIcon(c.channel), title: nameOf(c), parts: c.name && c.parts?.map((p) => p.text).join('') === c.name ? c.parts : undefined, hint: c.name && c.address ? plainAddress(c.channel, c.address) : '', to: at('customer', c.id) }))),
    group('organisations', 'find.in.organisations', (found.organisations ?? []).map((o) => ({ id: `o:${o.id}`, icon: 'i-lucide-building-2', title: o.name, parts: o.parts, to: at('organisation', o.id) }))),
    group('conversations', 'find.in.conversations', (found.conversations ?? []).map((c) => ({ id: `v:${c.id}`, icon: channelIcon(c.channel), title: c.customer.name || `#${plain(c.number)}`, hint: [c.customer.name ? `#${plain(c.number)}` : '', t(`status.${c.status}` as Key), ...(c.tags ?? [])].filter(Boolean).join(' · '), snippet: c.parts?.length ? c.parts : c.subject ? [{ text: c.subject }] : undefined, at: stamp(c.at, now), to: conversationAt(c.id) }))),
    group('messages', 'find.in.messages', found.messages.map((m) => touchRow(m, now, at, own))),
    group('touches', 'find.in.touches', (found.touches ?? []).map((m) => touchRow(m, now, at, own))),
  ].filter((g) => g.rows.length)
}
