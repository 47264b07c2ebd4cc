import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { loadOutbox, messageId, outbox, send, sendAgain, takeBack, unsentOf } from './outbox'

let answers: (number | 'lost')[] = []
const calls: { path: string; key: string; text: string; body: object }[] = []

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  outbox.clear()
  calls.length = 0
  answers = []
  vi.stubGlobal('fetch', vi.fn(async (path: string, init: RequestInit) => {
    calls.push({ path, key: (init.headers as Record<string, string>)['Idempotency-Key']!, text: JSON.parse(String(init.body)).text, body: JSON.parse(String(init.body)) })
    const a = answers.shift() ?? 200
    if (a === 'lost') throw new TypeError('network')
    const body = a === 200 ? { event_id: '5-1' } : { error: { code: a === 503 ? 'not_recorded' : 'not_yours', message: 'No.' } }
    return new Response(JSON.stringify(body), { status: a })
  }))
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})
const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms)
const stored = () => Object.keys(localStorage).filter((k) => k.startsWith('tamas.outbox.'))

describe('the outbox', () => {
  it('lets go of what the hub has recorded', async () => {
    send('c1', { kind: 'reply', text: 'hello' })
    expect(stored()).toHaveLength(1)
    await settle()
    expect(calls).toMatchObject([{ path: '/api/v1/conversations/c1/reply', text: 'hello' }])
    expect(outbox.size).toBe(0)
    expect(stored()).toHaveLength(0)
  })

  it('keeps what was not recorded and sends it again under the same key', async () => {
    answers = [503, 'lost']
    send('c1', { kind: 'reply', text: 'hello' })
    await settle()
    expect(unsentOf('c1')).toMatchObject([{ state: 'waiting' }])
    await settle(30_000)
    expect(calls).toHaveLength(3)
    expect(new Set(calls.map((c) => c.key)).size).toBe(1)
    expect(outbox.size).toBe(0)
  })

  it('keeps the order of a conversation: the second waits for the first', async () => {
    answers = [503]
    send('c1', { kind: 'reply', text: 'one' })
    send('c1', { kind: 'reply', text: 'two' })
    send('c2', { kind: 'note', text: 'other' })
    await settle()
    expect(calls.map((c) => c.text)).toEqual(['one', 'other'])
    await settle(30_000)
    expect(calls.map((c) => c.text)).toEqual(['one', 'other', 'one', 'two'])
  })

  it('shows what was refused, and goes on with the next', async () => {
    answers = [403]
    send('c1', { kind: 'reply', text: 'one' })
    send('c1', { kind: 'note', text: 'two' })
    await settle(30_000)
    expect(unsentOf('c1')).toMatchObject([{ text: 'one', state: 'refused' }])
    const key = unsentOf('c1')[0]!.key
    sendAgain(key)
    await settle()
    expect(calls.at(-1)).toMatchObject({ text: 'one', key })
    expect(outbox.size).toBe(0)
  })

  it('outlives the page', async () => {
    answers = ['lost']
    send('c1', { kind: 'reply', text: 'hello' })
    await settle()
    const { key } = unsentOf('c1')[0]!
    outbox.clear()
    loadOutbox()
    await settle()
    expect(calls.at(-1)).toMatchObject({ key, text: 'hello' })
    expect(stored()).toHaveLength(0)
  })

  it('gives a message back to be edited', async () => {
    answers = [403]
    send('c1', { kind: 'reply', text: 'hello' })
    await settle()
    expect(takeBack(unsentOf('c1')[0]!.key)).toMatchObject({ kind: 'reply', text: 'hello' })
    expect(stored()).toHaveLength(0)
  })

  it('says what goes with a reply; a note has no recipients', async () => {
    const files = [{ id: 'f1', name: 'a.pdf', type: 'application/pdf', kind: 'file', until: 1 }]
    const more = { files, reply_to: 't1', envelope: { to: ['a@b.example'] }, subject: 'Re: x' }
    send('c1', { kind: 'reply', text: '', ...more })
    send('c1', { kind: 'note', text: 'n', ...more })
    await settle()
    expect(calls.map((c) => c.body)).toEqual([{ text: '', files: ['f1'], reply_to: 't1', envelope: { to: ['a@b.example'] }, subject: 'Re: x' }, { text: 'n', files: ['f1'] }])
  })

  it('finds the client’s id in the key of a touch', () => {
    expect(messageId('c1/abc')).toBe('abc')
    expect(messageId('abc')).toBe('abc')
    expect(messageId(undefined)).toBe('')
  })
})
