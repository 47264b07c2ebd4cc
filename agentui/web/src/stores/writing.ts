import type { ConversationView, Identity } from '@/api'
import { queue } from './directory'
import { may, userId } from './session'

/** Whose it is: it waits for somebody. A reply takes it. */
export const takable = (r: ConversationView) => r.status === 'waiting' || (r.status === 'offered' && r.offered_to === userId.value)

/** Why the user may not reply; "" when they may. */
export function barredOf(r: ConversationView): '' | 'resolved' | 'owned' | 'queue' {
  if (r.status === 'resolved') return 'resolved'
  if (r.owner === userId.value || may('supervisor')) return ''
  if (takable(r) && (queue(r.queue)?.members.includes(userId.value) || r.status === 'offered')) return ''
  return r.owner ? 'owned' : 'queue'
}

/** Why the customer may not be written to there; "" when they may. */
export const forbiddenBy = (i: Identity | undefined): '' | 'consent' => (i?.consent === 'stop' ? 'consent' : '')
