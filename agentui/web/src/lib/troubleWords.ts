import type { Agent, QueueView } from '@/api'
import { number, t } from '@/i18n'
import { span, stopwatch } from '@/i18n/time'
import { abandonment, targetOf, waitOf, type AgentTrouble, type QueueTrouble } from './trouble'

/** A share as a percentage; "–" where there is nothing to measure. */
export const share = (x: number | null | undefined): string => (x === null || x === undefined ? '–' : t('percent', { n: Math.round(x * 100) }))

export function queueTroubleText(kind: QueueTrouble, q: QueueView, now: number): string {
  switch (kind) {
    case 'late':
      return t('trouble.late', { wait: stopwatch(waitOf(q, now)), target: span(targetOf(q)) })
    case 'broken':
      return t('trouble.broken', { n: q.broken })
    case 'level':
      return t('trouble.level', { share: share(q.service_level_today) })
    case 'abandoned':
      return t('trouble.abandoned', { share: share(abandonment(q)) })
    case 'closed':
      return t('trouble.closed', { n: q.waiting })
    default:
      return t(`trouble.${kind}`)
  }
}

export function agentTroubleText(kind: AgentTrouble, a: Agent, now: number): string {
  if (kind === 'holding') return t('trouble.holding', { n: number(Object.keys(a.held ?? {}).length) })
  if (kind === 'forgotten') return t('trouble.forgotten', { span: span(now - (a.online_at ?? now)) })
  return t(`trouble.${kind}`)
}
