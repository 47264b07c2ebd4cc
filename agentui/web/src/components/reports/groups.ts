import type { Key } from '@/i18n'

/** The figures in the groups in which they are chosen; one that no group names stands with the customers. */
export const groups: { key: Key; ids: string[] }[] = [
  { key: 'rep.group.queues', ids: ['offered', 'answered', 'abandoned', 'short_abandoned', 'flow_out', 'abandonment', 'service_level', 'backlog', 'estimate_error'] },
  { key: 'rep.group.times', ids: ['asa', 'frt', 'next_response', 'resolution_time'] },
  { key: 'rep.group.agents', ids: ['handled', 'aht', 'occupancy', 'utilisation', 'concurrency', 'state_time', 'rona', 'rona_rate', 'declines', 'decline_rate', 'transfers', 'transfer_rate'] },
  { key: 'rep.group.promises', ids: ['sla_first', 'sla_next', 'sla_resolution'] },
  { key: 'rep.group.customers', ids: ['csat', 'csat_response', 'nps', 'fcr', 'reopen_rate', 'messages_in', 'messages_out'] },
]

/** What the overview shows. */
export const keyFigures = ['offered', 'service_level', 'abandonment', 'asa', 'frt', 'aht', 'occupancy', 'sla_first', 'csat', 'handled']
