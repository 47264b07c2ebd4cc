import { reactive } from 'vue'
import { api, ApiError, type ReplyExtras } from '@/api'
import { backoff } from '@/live/backoff'
import { kept } from '@/lib/store'
import { newKey } from '@/lib/id'
import { problem } from '@/lib/problem'
import { onNews, takeAnswer } from './live'
import type { Draft } from './drafts'
import { userId } from './session'

/**
 * What an agent sent and the hub has not confirmed. A message stands here, and in local storage, from the
 * moment it is sent until the hub says that it is recorded; it goes out again under the same key, so
 * however often that is, it is one message. What the hub refuses stays, with the reason, until it is
 * sent again or taken back.
 */
export interface Unsent extends Draft {
  key: string
  conversation: string
  at: number
  state: 'sending' | 'waiting' | 'refused'
  error: string
  tries: number
}

export const outbox = reactive(new Map<string, Unsent>())
const prefix = () => `tamas.outbox.${userId.value}.`
const timers = new Map<string, ReturnType<typeof setTimeout>>()

/** Takes up what an earlier page left. */
export function loadOutbox(): void {
  outbox.clear()
  const items = kept.keys(prefix()).map((k) => kept.get<Unsent | null>(k, null)).filter((u): u is Unsent => !!u?.key)
  for (const u of items.sort((a, b) => a.at - b.at)) {
    outbox.set(u.key, { ...u, state: u.state === 'refused' ? 'refused' : 'waiting' })
  }
  for (const conversation of new Set(items.map((u) => u.conversation))) void pump(conversation)
}

export function send(conversation: string, d: Draft): string {
  const u: Unsent = { ...d, key: newKey(), conversation, at: Date.now(), state: 'sending', error: '', tries: 0 }
  outbox.set(u.key, u)
  kept.set(prefix() + u.key, u)
  void pump(conversation)
  return u.key
}

export function sendAgain(key: string): void {
  const u = outbox.get(key)
  if (!u) return
  u.state = 'waiting'
  u.error = ''
  void pump(u.conversation)
}

/** Takes an unsent message back, to be edited. */
export function takeBack(key: string): Draft | undefined {
  const u = outbox.get(key)
  forget(key)
  if (!u) return undefined
  const { kind, text, files, reply_to, forward, envelope, subject } = u
  return { kind, text, files, reply_to, forward, envelope, subject }
}

/** What the hub is told of it. A note has a text and files only, what goes between colleagues a text. */
function bodyOf(u: Unsent): { text: string } & ReplyExtras {
  const files = u.files?.length ? u.files.map((f) => f.id) : undefined
  if (u.kind === 'draft' || u.kind === 'whisper') return { text: u.text }
  if (u.kind === 'note') return { text: u.text, files }
  return { text: u.text, files, reply_to: u.reply_to || undefined, forward: u.forward || undefined, envelope: u.envelope, subject: u.subject || undefined }
}

export function unsentOf(conversation: string): Unsent[] {
  return [...outbox.values()].filter((u) => u.conversation === conversation)
}

/** Everything that waits for the server goes out now. */
export function flushOutbox(): void {
  for (const conversation of new Set([...outbox.values()].map((u) => u.conversation))) void pump(conversation)
}

/** The client's message id within the key that a touch carries: "<conversation>/<id>". */
export function messageId(key: string | undefined): string {
  return key?.slice(key.lastIndexOf('/') + 1) ?? ''
}

const busy = new Set<string>()

// One message of a conversation at a time, in the order in which they were written.
async function pump(conversation: string): Promise<void> {
  if (busy.has(conversation)) return
  busy.add(conversation)
  clearTimeout(timers.get(conversation))
  try {
    for (;;) {
      const u = unsentOf(conversation).find((x) => x.state !== 'refused')
      if (!u) return
      u.state = u.tries ? 'waiting' : 'sending'
      try {
        const answer = await api.command(u.conversation, u.kind, bodyOf(u), u.key)
        takeAnswer(answer)
        forget(u.key)
      } catch (e) {
        const temporary = e instanceof ApiError && (e.temporary || e.status === 401)
        u.error = problem(e)
        u.tries++
        if (!temporary) {
          u.state = 'refused'
          kept.set(prefix() + u.key, u)
          continue
        }
        u.state = 'waiting'
        if (e.status === 401) return // goes out once signed in again
        const pause = e.retryAfter ? e.retryAfter * 1000 : backoff(u.tries)
        timers.set(conversation, setTimeout(() => void pump(conversation), pause))
        return
      }
    }
  } finally {
    busy.delete(conversation)
  }
}

function forget(key: string): void {
  outbox.delete(key)
  kept.drop(prefix() + key)
}

// The event of a message may come before, or without, the answer to its call. It is let go once recorded
// by the answer; here only a lost answer is made good.
onNews((n) => {
  if (n.kind !== 'event' || !n.event.touch?.key) return
  const u = outbox.get(messageId(n.event.touch.key))
  if (u && u.state === 'waiting') void pump(u.conversation)
})
