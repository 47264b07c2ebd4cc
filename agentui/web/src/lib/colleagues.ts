import type { ConversationView, Touch } from '@/api/types'

/** Touches that colleagues leave for one another; no customer sees them. */
export type ColleagueKind = 'whisper' | 'draft' | 'review' | 'verdict' | 'flag' | 'answer'
const kinds = new Set<string>(['whisper', 'draft', 'review', 'verdict', 'flag', 'answer'])
export const ofColleagues = (t: Touch) => kinds.has(t.kind)

/** What the user may do with one of them. */
export interface May {
  /** Take its text into the reply box. */
  use: boolean
  /** Say yes or no to it. */
  judge: boolean
  /** Send what was approved. */
  send: boolean
}

/**
 * mayDo: drafts, and reviews that came back, are the owner's to use until they have answered; a review that stands is judged by who is asked, or any supervisor
 * but its author; an approved one is sent by the owner until something was sent after it.
 */
export function mayDo(t: Touch, row: ConversationView, me: string, supervisor: boolean, later: readonly Touch[]): May {
  const owner = row.owner === me && row.status !== 'resolved'
  const stands = row.review?.touch === t.id
  const verdict = t.kind === 'review' ? later.find((x) => x.kind === 'verdict' && x.reply_to === t.id) : undefined
  const answered = later.some((x) => x.kind === 'message' && !x.inbound && x.author.id === me && x.n > (verdict?.n ?? t.n))
  return {
    use: owner && !answered && (t.kind === 'draft' || (t.kind === 'review' && !!verdict)),
    judge: t.kind === 'review' && stands && t.author.id !== me && (supervisor || row.review?.of === me),
    send: owner && t.kind === 'review' && !!verdict?.score && !answered,
  }
}

/** Who may propose an answer: anybody but who replies anyway. */
export const mayDraft = (row: ConversationView, me: string) => row.status !== 'resolved' && !!row.owner && row.owner !== me
export const mayWhisper = (row: ConversationView, me: string, supervisor: boolean) => supervisor && row.status === 'active' && !!row.owner && row.owner !== me
