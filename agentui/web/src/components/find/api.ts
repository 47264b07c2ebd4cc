// The calls of the pages in this folder, one line each, and their types. Errors: ApiError.
import { get, type Query } from '@/api/client'
import type { Millis } from '@/api/types/millis'
import type { Suggestion } from '@/api'

/** Two customers who may be one person, and what was decided of them. */
export type Pair = Suggestion & { decided_at?: Millis; decided_by?: string }
export type PairState = Pair['state']

export const records = {
  pairs: (query: Query) => get<{ items: Pair[]; next: string; counts: Record<PairState, number> }>('/suggestions', query),
}
