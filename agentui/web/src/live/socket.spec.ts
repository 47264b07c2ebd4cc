import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { backoff } from './backoff'
import { cureOf, parseFrame, type Item } from './protocol'
import { Socket, type Link } from './socket'

class FakeSocket {
  static all: FakeSocket[] = []
  static OPEN = 1
  readyState = 1
  sent: string[] = []
  onmessage: ((e: { data: string }) => void) | null = null
  onclose: ((e: { code: number }) => void) | null = null
  closed = false
  constructor(readonly url: string) {
    FakeSocket.all.push(this)
  }
  send(x: string) {
    this.sent.push(x)
  }
  close() {
    this.closed = true
  }
  hear(...items: object[]) {
    this.onmessage?.({ data: JSON.stringify(items) })
  }
}
const last = () => FakeSocket.all.at(-1)!
const hello = { t: 'hello', at: '5-1', recorded: '5-1', agent: {}, user: 'u1' }

let at = ''
const frames: Item[][] = []
const links: Link[] = []
const reload = vi.fn(async () => void (at = '90-1'))
const signedOut = vi.fn()
const make = () => new Socket({ from: () => at, frame: (f) => frames.push(f), link: (l) => links.push(l), reload, signedOut }, 'ws://hub/live')
let socket: Socket

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', FakeSocket)
  FakeSocket.all = []
  at = ''
  frames.length = links.length = 0
  vi.clearAllMocks()
  socket = make()
  socket.start()
})
afterEach(() => {
  socket.stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the live socket', () => {
  it('begins now and hands frames on', () => {
    expect(last().url).toBe('ws://hub/live')
    last().hear(hello)
    expect(links).toEqual(['connecting', 'open'])
    expect(frames).toHaveLength(1)
  })

  it('resumes with the last id when the line is lost', async () => {
    last().hear(hello)
    at = '17-9'
    last().onclose?.({ code: 1006 })
    expect(links.at(-1)).toBe('lost')
    await vi.advanceTimersByTimeAsync(600)
    expect(last().url).toBe('ws://hub/live?from=17-9')
  })

  it.each([1001, 4008, 4503])('resumes after %i', async (code) => {
    last().onclose?.({ code })
    await vi.advanceTimersByTimeAsync(600)
    expect(FakeSocket.all).toHaveLength(2)
    expect(reload).not.toHaveBeenCalled()
  })

  it('reloads first when its id is unknown', async () => {
    at = '17-9'
    last().onclose?.({ code: 4000 })
    await vi.advanceTimersByTimeAsync(600)
    expect(reload).toHaveBeenCalledOnce()
    expect(last().url).toBe('ws://hub/live?from=90-1')
  })

  it('tries a reload again that failed', async () => {
    reload.mockRejectedValueOnce(new Error('unreachable'))
    last().onclose?.({ code: 4000 })
    await vi.advanceTimersByTimeAsync(2000)
    expect(reload).toHaveBeenCalledTimes(2)
    expect(FakeSocket.all).toHaveLength(2)
  })

  it('stops when signed out', async () => {
    last().onclose?.({ code: 4001 })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(signedOut).toHaveBeenCalledOnce()
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('stops after a frame of its own that the hub refused', async () => {
    last().onclose?.({ code: 4400 })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('finds a dead line by ping', async () => {
    last().hear(hello)
    await vi.advanceTimersByTimeAsync(41_000)
    expect(last().sent).toContain('{"t":"ping"}')
    const dead = last()
    await vi.advanceTimersByTimeAsync(16_000)
    expect(dead.closed).toBe(true)
    expect(FakeSocket.all.length).toBeGreaterThan(1)
  })

  it('keeps a quiet line that answers', async () => {
    last().hear(hello)
    for (let i = 0; i < 6; i++) {
      await vi.advanceTimersByTimeAsync(41_000)
      last().hear({ t: 'pong' })
    }
    expect(FakeSocket.all).toHaveLength(1)
  })

  it('does not wait when asked to come back at once', async () => {
    last().onclose?.({ code: 1006 })
    socket.nudge()
    expect(FakeSocket.all).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(FakeSocket.all).toHaveLength(2)
  })
})

describe('protocol', () => {
  it('knows the close codes', () => {
    expect([1001, 1006, 4000, 4001, 4008, 4400, 4503].map(cureOf)).toEqual(['resume', 'resume', 'reload', 'sign_in', 'resume', 'stop', 'resume'])
  })
  it('leaves out items of a kind to come, and refuses what is no frame', () => {
    expect(parseFrame('[{"t":"pong"},{"t":"news from later"},null,3]')).toEqual([{ t: 'pong' }])
    expect(() => parseFrame('{"t":"pong"}')).toThrow()
    expect(() => parseFrame('not json')).toThrow()
  })
  it('waits longer and longer, and never in step', () => {
    expect([1, 2, 3, 9, 40].map((n) => backoff(n, () => 1))).toEqual([500, 1000, 2000, 15_000, 15_000])
    expect(backoff(3, () => 0)).toBe(1000)
  })
})
