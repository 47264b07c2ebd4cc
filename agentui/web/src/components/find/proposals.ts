import { locale, t, type Key } from '@/i18n'
import { channelIcon } from '@/lib/channels'
import { folds } from '@/lib/fold'
import { filterName, filterOf, filtersLike, lastWord, written, type Filter, type FilterKey } from '@/lib/query'
import { stamp } from '@/i18n/time'
import { now } from '@/lib/clock'
import { kindLabel, liveQueues, liveUsers, queues, users } from '@/stores/directory'
import { live } from '@/stores/live'
import { me } from '@/stores/session'

// What may stand where somebody is typing: the filters there are, and the values of the one that was begun.

export const sections = ['customers', 'organisations', 'conversations', 'messages', 'touches'] as const
export const statuses = ['open', 'waiting', 'offered', 'active', 'snoozed', 'resolved'] as const
export const builtKinds = ['message', 'note', 'call', 'shop_visit', 'purchase', 'return', 'visit', 'self_service', 'programme', 'delivery', 'event'] as const

/** The firm's own kinds of touches, once they are known. */
export type OwnKinds = { id: string; label: string }[]

interface Value {
  value: string
  label: string
  icon: string
}

export const kindText = (kind: string, own: OwnKinds = []): string => own.find((k) => k.id === kind)?.label ?? ((builtKinds as readonly string[]).includes(kind) ? t(`find.kind.${kind}` as Key) : '')
const statusText = (s: string) => (s === 'open' ? t('find.status.open') : t(`status.${s}` as Key))

const days = (['today', 'yesterday', '7d', '30d', '90d', '365d'] as const)

function valuesOf(key: FilterKey, own: OwnKinds): Value[] {
  switch (key) {
    case 'from': return [{ value: 'me', label: t('find.me'), icon: 'i-lucide-user-round' }, ...liveUsers.value.map((u) => ({ value: u.name, label: u.name, icon: 'i-lucide-contact-round' }))]
    case 'channel': return (me.value?.channels ?? []).map((k) => ({ value: k.name, label: kindLabel(k.name), icon: channelIcon(k.name) }))
    case 'tag': return [...new Set([...live.value.rows.values()].flatMap((r) => r.tags ?? []))].map((x) => ({ value: x, label: x, icon: 'i-lucide-tag' }))
    case 'kind': return [...builtKinds.map((k) => ({ value: k, label: kindText(k), icon: 'i-lucide-shapes' })), ...own.map((k) => ({ value: k.id, label: k.label, icon: 'i-lucide-shapes' }))]
    case 'queue': return liveQueues.value.map((x) => ({ value: x.name, label: x.name, icon: 'i-lucide-users-round' }))
    case 'status': return statuses.map((s) => ({ value: s, label: statusText(s), icon: 'i-lucide-circle-dot' }))
    case 'in': return sections.map((s) => ({ value: s, label: t(`find.in.${s}`), icon: 'i-lucide-layers' }))
    default: return days.map((d) => ({ value: d, label: dayText(d), icon: 'i-lucide-calendar-days' }))
  }
}

function dayText(d: string): string {
  if (d === 'today') return t('time.today')
  if (d === 'yesterday') return t('time.yesterday')
  const n = /^(\d+)d$/.exec(d)
  return n ? t('find.daysAgo', { n: Number(n[1]) }) : d
}

/** The value of a filter as people read it. */
export function valueText(f: Filter, own: OwnKinds): string {
  if (f.key === 'before' || f.key === 'after') return dayText(f.value)
  const known = valuesOf(f.key, own).find((v) => v.value.toLocaleLowerCase() === f.value.toLocaleLowerCase())
  return known?.label ?? (f.key === 'queue' ? queues.value : f.key === 'from' ? users.value : []).find((x) => x.id === f.value)?.name ?? f.value
}

export interface Proposal {
  id: string
  label: string
  hint?: string
  icon: string
  /** What stands instead of the word that is being typed. */
  text: string
  /** Whether the filter is whole with it. */
  whole: boolean
}

/** What is proposed for the end of a text. */
export function propose(text: string, own: OwnKinds, people: { name: string }[]): Proposal[] {
  const { raw } = lastWord(text)
  if (!raw) return []
  const f = filterOf(raw)
  if (!f) {
    if (raw.includes('"')) return []
    return filtersLike(raw).slice(0, 4).map((k) => ({ id: k, label: `${filterName(k, locale.value)}:`, hint: t(`find.filter.${k}`), icon: 'i-lucide-list-filter', text: `${filterName(k, locale.value)}:`, whole: false }))
  }
  const all = [...valuesOf(f.key, own), ...(f.key === 'from' ? people.map((p) => ({ value: p.name, label: p.name, icon: 'i-lucide-user-round' })) : [])]
  const like = f.value ? all.filter((v) => folds(`${v.label} ${v.value}`, f.value)) : all
  const dated = f.key === 'before' || f.key === 'after'
  return like
    .filter((v, i) => like.findIndex((x) => x.value === v.value) === i)
    .slice(0, 8)
    .map((v) => ({ id: `${f.key}:${v.value}`, label: v.label, hint: dated && v.value.endsWith('d') ? stamp(now.value - Number.parseInt(v.value) * 86_400_000, now.value) : t(`find.key.${f.key}`), icon: v.icon, text: written(f.key, v.value, locale.value), whole: true }))
}
