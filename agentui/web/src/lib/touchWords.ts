import type { AttributeField, FieldOption, RecordTouch } from '@/api'
import { has, number, t } from '@/i18n'
import { readNumber } from '@/i18n/digits'
import { fullDate, stopwatch } from '@/i18n/time'
import { attributeName, attributes, kindOf, stageName, word } from '@/stores/record'
import { kindLabel, userName } from '@/stores/directory'
import { kind as channelKind } from '@/stores/session'
import { iconOf } from './channels'
import { money } from './money'
import { countryName, languageName } from './regions'
import { dayBegins } from './typedDate'

// What a touch of any kind is called, and what it says.

const icons: Record<string, string> = {
  note: 'i-lucide-lock', rating: 'i-lucide-star', visit: 'i-lucide-eye', edit: 'i-lucide-pencil', deletion: 'i-lucide-undo-2', whisper: 'i-lucide-ear', draft: 'i-lucide-pen-line', review: 'i-lucide-glasses', verdict: 'i-lucide-thumbs-up', flag: 'i-lucide-flag', answer: 'i-lucide-flag-off',
  call: 'i-lucide-phone', shop_visit: 'i-lucide-store', purchase: 'i-lucide-shopping-bag', return: 'i-lucide-package-x', self_service: 'i-lucide-mouse-pointer-click', programme: 'i-lucide-megaphone', delivery: 'i-lucide-truck', event: 'i-lucide-calendar-days',
}
const outcomes: Record<string, string> = { missed: 'i-lucide-phone-missed', voicemail: 'i-lucide-voicemail' }

/** Kinds that stand by themselves, of no conversation; those of the firm's own come on top. */
export const loggedKinds = ['call', 'shop_visit', 'purchase', 'return', 'self_service', 'programme', 'delivery', 'event', 'visit', 'note'] as const

/** The firm names a kind's icon with or without what our icons begin with. */
const iconName = (name: string | undefined) => (name ? (name.startsWith('i-') ? name : `i-lucide-${name}`) : '')

export function touchIcon(x: RecordTouch): string {
  return (x.kind === 'call' && outcomes[x.data?.outcome ?? '']) || kindIcon(x.kind) || (channelKind(x.channel) ? iconOf(channelKind(x.channel)?.limits) : channelsIcon(x.channel))
}
export const kindIcon = (kind: string): string => icons[kind] ?? (kind.startsWith('x_') ? iconName(kindOf(kind)?.icon) || 'i-lucide-circle-dot' : '')

/** An icon also for channels that no account is of: a phone, a shop's number of a customer. */
export const channelsIcon = (name: string): string => (channelKind(name) ? iconOf(channelKind(name)!.limits) : ({ phone: 'i-lucide-phone', email: 'i-lucide-mail', external: 'i-lucide-fingerprint', sms: 'i-lucide-smartphone', telegram: 'i-lucide-send', shop: 'i-lucide-store', web: 'i-lucide-globe', webchat: 'i-lucide-message-circle' })[name] ?? 'i-lucide-circle-dot')
export function channelName(name: string): string {
  const key = `channel.${name}`
  return channelKind(name) ? kindLabel(name) : has(key) ? t(key) : name
}

export function kindName(kind: string): string {
  const key = `kind.${kind}`
  return has(key) ? t(key) : word(kindOf(kind)?.name) || kind
}

/** A word of a small vocabulary that senders may extend: ours in the reader's language, theirs as it is. */
export function vocabulary(of: 'outcome' | 'step' | 'consent' | 'field', w: string): string {
  const key = `${of}.${w}`
  return has(key) ? t(key) : w.replaceAll('_', ' ')
}

/** A field of a profile, an attribute by its own name. */
export const fieldName = (f: string): string => (f.startsWith('attributes.') ? attributeName(f.slice(11)) : vocabulary('field', f))

const optionName = (options: FieldOption[] | null | undefined, id: unknown) => word(options?.find((o) => o.id === id)?.name) || String(id ?? '')

/** fieldText writes the value of a typed field for people. */
export function fieldText(f: AttributeField, v: unknown): string {
  if (v === undefined || v === null || v === '') return ''
  switch (f.type) {
    case 'number': return typeof v === 'number' ? number(v) : number(readNumber(String(v)) ?? Number(v))
    case 'money': return typeof v === 'object' ? money((v as { amount: string }).amount, (v as { currency: string }).currency) : money(v as string)
    case 'date': return Number.isNaN(dayBegins(String(v))) ? String(v) : fullDate(dayBegins(String(v)))
    case 'choice': return optionName(f.options, v)
    case 'choices': return (Array.isArray(v) ? v : [v]).map((x) => optionName(f.options, x)).join(t('list.comma'))
    case 'yes_no': return t(v === true || v === 'true' ? 'field.yes' : 'field.no')
    default: return String(v)
  }
}

/** A field of a profile as a text. */
export function shownText(field: string, v: unknown): string {
  if (v === undefined || v === null || v === '') return ''
  const own = field.startsWith('attributes.') && attributes.value.find((a) => a.id === field.slice(11))
  if (own) return fieldText(own, v)
  if (field === 'stage') return stageName(String(v))
  if (field === 'owner') return userName(String(v))
  if (field === 'languages' && Array.isArray(v)) return v.map((x) => languageName(String(x))).join(t('list.comma'))
  if (Array.isArray(v)) return v.join(t('list.comma'))
  if (typeof v !== 'object') return String(v)
  const parts = field === 'place' && 'country' in v! ? { ...v, country: countryName(String(v.country)) } : v!
  return Object.values(parts).filter(Boolean).join(t('list.comma'))
}

const quantity = (q: unknown) => (q === undefined || Number(q) === 1 ? '' : ` × ${number(Number(q))}`)

/** The facts of a touch, each in a word or two. */
export function touchFacts(x: RecordTouch): { key: string; text: string; strong?: boolean }[] {
  const d = x.data
  if (!d) return []
  const out: { key: string; text: string; strong?: boolean }[] = []
  const put = (key: string, text: string | undefined, strong = false) => text && out.push({ key, text, strong })
  if (d.amount !== undefined && Number(d.amount)) put('amount', money(d.amount, d.currency), true)
  put('step', d.step && vocabulary('step', d.step))
  put('outcome', d.outcome && vocabulary('outcome', d.outcome))
  if (d.seconds) put('seconds', stopwatch(d.seconds * 1000))
  put('programme', d.programme)
  put('place', d.place)
  put('order', d.order && t('touch.order', { order: d.order }))
  if (Number(d.cost ?? 0)) put('cost', t('touch.cost', { amount: money(d.cost, d.currency) }))
  const fields = kindOf(x.kind)?.fields ?? []
  for (const [id, v] of Object.entries(d.fields ?? {})) {
    const f = fields.find((y) => y.id === id)
    put(`f ${id}`, f ? t('touch.field', { name: word(f.name) || id, value: fieldText(f, v) }) : t('touch.field', { name: id, value: String(v) }))
  }
  return out
}

/** What a touch says besides its facts, for where it stands among others. */
export function touchSays(x: RecordTouch): string {
  if (x.kind === 'deletion') return t('message.takenBack')
  if (x.kind === 'verdict' && !x.body?.text) return t(x.score ? 'review.yes' : 'review.no')
  const rated = x.kind === 'rating' && x.score !== undefined ? t(x.body?.subject ? 'rating.ten' : 'rating.five', { n: x.score }) : ''
  const text = x.body?.text || (x.kind === 'rating' ? '' : x.body?.subject) || x.body?.files?.map((f) => f.name).join(t('list.comma')) || (x.unreadable ? t('message.unreadable') : '')
  return [rated, text].filter(Boolean).join(' · ')
}

/** What was bought or given back, a line each; a product's name in the other direction does not turn the amount behind it around. */
export const touchItems = (x: RecordTouch): string[] => (x.data?.items ?? []).map((i) => `\u2068${i.name || i.product || ''}\u2069${quantity(i.quantity)}${i.amount !== undefined ? ` · \u2068${money(i.amount, x.data?.currency)}\u2069` : ''}`)
