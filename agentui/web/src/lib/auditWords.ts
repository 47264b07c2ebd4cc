import type { AlertRule, Overflow } from '@/api'
import { has, number, t, type Key } from '@/i18n'
import { exact, span } from '@/i18n/time'
import { alertSentence, overflowSentence } from './sentences'
import { stateName } from './states'

// How the audit's names and values are said. What has no word of its own is shown as it is written.

const plainName = (s: string) => s.replaceAll('_', ' ').replaceAll('.', ' ')

/** "conversation.assigned" → "handed over"; a name that is not known stays readable. */
export function actionName(action: string, otherwise = plainName(action)): string {
  const key = `did.${action}`
  return has(key) ? t(key as Key) : otherwise
}

export function fieldName(name: string): string {
  const key = `part.${name}`
  return has(key) ? t(key as Key) : choiceName('kind', name) || (/^[a-z_]+$/.test(name) ? plainName(name) : name)
}

const seconds = /(_seconds|_secs|^after|^drop_after|^wrap_up_most|^first|^next|^resolution)$/
const moments = /(_at|_until|_since|^since)$/

/** Names of choices, by the field that they are chosen in. */
const choices: Record<string, string> = { order: 'queues.order.', waiting: 'queues.waiting.', mode: 'queues.mode.', kind: 'alerts.kind.', role: 'role.', '': 'alerts.kind.' }
function choiceName(field: string, v: string): string {
  const key = `${choices[field]}${v}`
  return field in choices && has(key) ? t(key as Key) : ''
}
const isRule = (x: unknown): x is Overflow => typeof x === 'object' && x !== null && 'when' in x && has(`over.${String(x.when)}`)
const isAlert = (x: unknown): x is AlertRule => typeof x === 'object' && x !== null && 'kind' in x && 'value' in x && has(`alerts.kind.${String(x.kind)}`)

/** A value of a change, for people; name knows ids of users, queues and accounts. "" where there is none. */
export function valueText(v: unknown, path: readonly string[], name: (id: string) => string): string {
  const field = path.at(-1) ?? ''
  if (v === undefined || v === null || v === '') return ''
  if (typeof v === 'boolean') return v ? t('audit.yes') : t('audit.no')
  if (typeof v === 'number') {
    if (moments.test(field) && v > 1e11) return exact(v)
    return seconds.test(field) && v ? span(v * 1000) : number(v)
  }
  if (typeof v === 'string') return name(v) || choiceName(field, v) || (field === 'state' && v in stateName ? t(stateName[v as keyof typeof stateName]) : v.length > 300 ? `${v.slice(0, 297)}…` : v)
  if (Array.isArray(v)) return v.map((x) => valueText(x, path, name)).filter(Boolean).join(t('list.comma'))
  if (isAlert(v)) return alertSentence(v)
  if (isRule(v)) {
    const s = overflowSentence(v, name)
    return `${s.when}${t('list.comma')}${s.does}.`
  }
  return Object.entries(v).map(([k, x]) => [fieldName(k), valueText(x, [k], name)]).filter(([, x]) => x).map(([k, x]) => `${k}: ${x}`).join(t('list.comma'))
}
