import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/api'
import { me } from './session'
import { againable, attach, attached, attachments, cancelUpload, detach, keptOf, restoreAttached, takeAttached, uploadAgain } from './attachments'

interface Call { name: string; progress: (n: number) => void; signal: AbortSignal; done: (x: object) => void; fail: (e: unknown) => void }
const { calls } = vi.hoisted(() => ({ calls: [] as Call[] }))
vi.mock('@/api', async (real) => ({
  ...(await real<object>()),
  upload: (_: Blob, name: string, progress: (n: number) => void, signal: AbortSignal) => new Promise((done, fail) => {
    calls.push({ name, progress, signal, done, fail })
    signal.addEventListener('abort', () => fail(new DOMException('', 'AbortError')))
  }),
}))

const file = (name: string, type = 'text/plain') => new File(['x'], name, { type })
const settle = () => new Promise((r) => setTimeout(r))
const finish = (i: number) => calls[i]!.done({ id: `t-${calls[i]!.name}`, name: calls[i]!.name, type: 'text/plain', kind: 'file', size: 1 })

beforeEach(() => {
  attachments.clear()
  calls.length = 0
  vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => 'blob:x', revokeObjectURL: vi.fn() }))
})

describe('attachments', () => {
  it('go up two at a time, in order, and tell how far', async () => {
    attach('c1', [file('a'), file('b'), file('c')])
    expect(calls.map((c) => c.name)).toEqual(['a', 'b'])
    calls[0]!.progress(0.5)
    expect(attached('c1').map((a) => [a.state, a.progress])).toEqual([['uploading', 0.5], ['uploading', 0], ['waiting', 0]])
    finish(0)
    await settle()
    expect(calls.map((c) => c.name)).toEqual(['a', 'b', 'c'])
    expect(attached('c1')[0]).toMatchObject({ state: 'done', file: { id: 't-a' } })
  })
  it('that fail say why and can be tried again', async () => {
    attach('c1', [file('a')])
    calls[0]!.fail(new ApiError(413, 'too_large', 'Too large.'))
    await settle()
    expect(attached('c1')[0]).toMatchObject({ state: 'failed', error: 'file.tooLarge' })
    uploadAgain('c1', attached('c1')[0]!.key)
    expect(calls).toHaveLength(2)
    finish(1)
    await settle()
    expect(attached('c1')[0]!.state).toBe('done')
  })
  it('larger than the hub takes are not sent up', () => {
    me.value = { max_file: 3 } as typeof me.value
    attach('c1', [new File(['four'], 'a'), new File(['six'], 'b')])
    expect(calls.map((c) => c.name)).toEqual(['b'])
    const [a, b] = attached('c1')
    expect(a).toMatchObject({ state: 'failed', error: 'file.tooLarge.than' })
    expect([againable(a!), againable(b!)]).toEqual([false, false])
    uploadAgain('c1', a!.key)
    expect(calls).toHaveLength(1)
    me.value = null
  })
  it('can be given up, and taken away', async () => {
    attach('c1', [file('a'), file('b', 'image/png')])
    cancelUpload(attached('c1')[0]!.key)
    await settle()
    expect(attached('c1')[0]).toMatchObject({ state: 'failed', error: 'file.stopped' })
    detach('c1', attached('c1')[1]!.key)
    expect(calls[1]!.signal.aborted).toBe(true)
    expect(URL.revokeObjectURL).toHaveBeenCalledWith('blob:x')
    expect(attached('c1')).toHaveLength(1)
  })
  it('are taken along by the message, and come back while they last', async () => {
    attach('c1', [file('a'), file('b')])
    finish(0)
    await settle()
    const kept = keptOf(takeAttached('c1'))
    expect(kept).toMatchObject([{ id: 't-a' }])
    expect(attached('c1')).toHaveLength(0)
    restoreAttached('c1', kept)
    restoreAttached('c1', kept)
    expect(attached('c1')).toMatchObject([{ name: 'a', state: 'done' }])
    restoreAttached('c2', kept, Date.now() + 24 * 3_600_000)
    expect(attached('c2')).toHaveLength(0)
  })
})
