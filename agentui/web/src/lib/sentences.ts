import type { AlertRule, Overflow } from '@/api'
import { t } from '@/i18n'
import { span } from '@/i18n/time'

// Rules as sentences: what is set is read, not deciphered.

/** "When somebody has waited 5m, then it goes to Sales". queue names a queue. */
export function overflowSentence(o: Overflow, queue: (id: string) => string): { when: string; does: string } {
  const text = (o.text ?? '').trim()
  const short = text.length > 60 ? `${text.slice(0, 57)}…` : text
  const to = o.queue ? queue(o.queue) || o.queue : ''
  return {
    when: t(`over.${o.when}`, { span: span((o.value ?? 0) * 1000), n: o.value ?? 0 }),
    does: to && short ? t('over.then.both', { text: short, queue: to }) : to ? t('over.then.queue', { queue: to }) : short ? t('over.then.text', { text: short }) : t('over.then.nothing'),
  }
}

/** What an alert rule's value counts. */
export function alertUnit(kind: AlertRule['kind']): 'time' | 'count' | 'percent' | undefined {
  if (kind === 'longest_wait' || kind === 'unstaffed' || kind === 'impossible' || kind === 'flag') return 'time'
  if (kind === 'queue_length' || kind === 'sla') return 'count'
  return kind === 'service_level' ? 'percent' : undefined
}

export const alertSentence = (r: Pick<AlertRule, 'kind' | 'value'>): string => (r.kind === 'account' ? t('alerts.kind.account') : t(`alerts.of.${r.kind}`, { span: span(r.value * 1000), n: r.value }))
