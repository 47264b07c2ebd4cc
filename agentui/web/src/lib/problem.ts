import { ApiError } from '@/api'
import { t, type Key } from '@/i18n'

const known: Record<string, Key> = {
  unreachable: 'problem.unreachable',
  not_recorded: 'problem.not_recorded',
  slow_down: 'problem.slow_down',
  forbidden: 'problem.forbidden',
  not_yours: 'problem.not_yours',
  not_found: 'problem.not_found',
  over_capacity: 'problem.over_capacity',
  conflict: 'problem.conflict',
  too_large: 'problem.too_large',
  internal: 'problem.internal',
  bad_credentials: 'problem.bad_credentials',
}

/** problem says what went wrong, for people: in their language where the code is known, else the hub's own sentence. */
export function problem(e: unknown): string {
  if (!(e instanceof ApiError)) return t('problem.internal')
  const key = known[e.code]
  return key ? t(key) : e.message
}
