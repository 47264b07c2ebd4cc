import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiError, onSignedOut, request } from './client'

const answer = (status: number, body?: unknown, headers: Record<string, string> = {}) =>
  vi.stubGlobal('fetch', vi.fn(async () => new Response(body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body), { status, headers })))
const failing = async (f: Promise<unknown>) => f.then(() => expect.unreachable(), (e: unknown) => e as ApiError)
const sent = () => (fetch as unknown as ReturnType<typeof vi.fn>).mock.calls[0] as [string, RequestInit]

afterEach(() => vi.unstubAllGlobals())

describe('request', () => {
  it('sends JSON, the CSRF header and the key', async () => {
    answer(200, { ok: true })
    expect(await request('POST', '/x', { a: 1 }, { key: 'k1', query: { list: 'mine', before: '', limit: undefined } })).toEqual({ ok: true })
    const [url, init] = sent()
    expect(url).toBe('/api/v1/x?list=mine')
    expect(init).toMatchObject({ method: 'POST', body: '{"a":1}', headers: { 'X-Tamas-CSRF': '1', 'Idempotency-Key': 'k1', 'Content-Type': 'application/json' } })
  })
  it('takes an empty answer', async () => {
    answer(204)
    expect(await request('DELETE', '/x')).toBeNull()
  })
  it('throws what the hub says is wrong', async () => {
    answer(409, { error: { code: 'conflict', message: 'Moved on.', field: 'version', request_id: 'r9', current: { id: 'c1' } } })
    expect(await failing(request('GET', '/x'))).toMatchObject({ status: 409, code: 'conflict', field: 'version', requestId: 'r9', current: { id: 'c1' }, temporary: false })
  })
  it('knows what may succeed later', async () => {
    answer(503, { error: { code: 'not_recorded', message: 'Not recorded.' } }, { 'Retry-After': '2' })
    expect(await failing(request('POST', '/x'))).toMatchObject({ temporary: true, retryAfter: 2 })
    answer(502, '<html>')
    expect(await failing(request('POST', '/x'))).toMatchObject({ code: 'unreachable', temporary: true })
    vi.stubGlobal('fetch', vi.fn(async () => Promise.reject(new TypeError('network'))))
    expect(await failing(request('POST', '/x'))).toMatchObject({ status: 0, code: 'unreachable', temporary: true })
  })
  it('tells when the session has ended', async () => {
    const ended = vi.fn()
    onSignedOut(ended)
    answer(401, { error: { code: 'signed_out', message: 'Please sign in.' } })
    await failing(request('GET', '/x'))
    expect(ended).toHaveBeenCalledOnce()
    onSignedOut(() => {})
  })
})
