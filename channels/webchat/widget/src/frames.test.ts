// The widget reads the hub's golden frames, and what it says itself is what the hub's tests read: testdata/frames.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Config } from './config.ts'
import { connect } from './client.ts'
import { fold, type Frame, type Item } from './protocol.ts'
import { Store } from './store.ts'

const golden = <T>(name: string): T => JSON.parse(readFileSync(`../testdata/frames/${name}.json`, 'utf8'))

/** A browser as far as the client knows it. said holds the frames that go out. */
class Socket {
  static all: Socket[] = []
  said: { t: string; key?: string }[] = []
  onmessage?: (e: { data: string }) => void
  onclose?: () => void
  constructor(public url: string, public protocols: string[]) { Socket.all.push(this) }
  send(s: string) { this.said.push(JSON.parse(s)) }
  close() { this.onclose?.() }
  hear(f: Frame) { this.onmessage?.({ data: JSON.stringify(f) }) }
}

const disk: Record<string, string> = {}
Object.assign(globalThis, {
  addEventListener() {},
  document: { visibilityState: 'visible', addEventListener() {} },
  WebSocket: Socket,
  localStorage: new Proxy(disk, {
    get: (t, k: string) => k === 'getItem' ? (x: string) => t[x] ?? null : k === 'setItem' ? (x: string, v: string) => { t[x] = v } : k === 'removeItem' ? (x: string) => { delete t[x] } : t[k],
  }),
  fetch: async (url: string) => ({ ok: true, status: 200, json: async () => (url.endsWith('session') ? { visitor: 'visitor', token: 'token' } : {}) }),
})
Object.defineProperty(globalThis, 'navigator', { value: { onLine: true }, configurable: true })

const soon = async (ok: () => unknown) => {
  for (const until = Date.now() + 10_000; Date.now() < until; await new Promise(r => setTimeout(r, 1))) if (ok()) return
  assert.fail('never: ' + ok)
}

const config = { max_text: 8192, max_file: 1 << 20, language: 'fa' } as Config

test('what the hub says', async () => {
  const c = connect('https://hub.example/hooks/a/', new Store('one.'), config)
  const fresh: string[] = []
  c.changed = f => fresh.push(...f.map(i => i.id!))
  c.start()
  await soon(() => Socket.all.length === 1)
  const s = Socket.all[0]
  assert.equal(s.url, 'wss://hub.example/hooks/a/socket?after=')
  assert.deepEqual(s.protocols, ['tamas.webchat.1', 'token'])
  const frames = golden<Frame[]>('server')
  for (const f of frames.filter(f => f.t !== 'error')) s.hear(f)

  assert.equal(c.state, 'live')
  assert.deepEqual(c.items.map(i => i.id), ['3-1', '4-1', '5-1'])
  assert.deepEqual(fresh, ['4-1', '5-1'])
  assert.equal(c.items[0].text, 'سلام <b>')
  assert.equal(c.items[1].text, 'بفرمایید!', 'an edit goes onto what it changes')
  assert.ok(c.items[1].edited)
  assert.ok(c.items[2].deleted && !c.items[2].files)
  assert.deepEqual(c.unread.map(i => i.id), ['5-1'], 'what was read on another device is read here')
  assert.ok(c.standing!.over)
  const files = frames.flatMap(f => f.items ?? []).flatMap(i => i.files ?? [])
  assert.deepEqual(files.map(f => [f.name, f.type, f.size, !!f.missing]), [['چای.png', 'image/png', 2048, false], ['film.mp4', 'video/mp4', 0, true]])

  // All again after a break changes nothing, and the widget says where to go on.
  const before = JSON.stringify(c.items)
  for (const f of frames) if (f.items) s.hear(f)
  assert.equal(JSON.stringify(c.items), before)
  c.stop()
  assert.equal(JSON.parse(disk['one.f']).after, '7-1')
})

test('what the widget says', async () => {
  const c = connect('https://hub.example/hooks/a/', new Store('two.'), config)
  c.start()
  await soon(() => Socket.all.length === 2)
  const s = Socket.all[1]
  s.hear({ t: 'hello' })
  c.me = { name: 'Sara', email: 'sara@mail.example', phone: '+98912' }
  c.typing(true)
  c.send('سلام')
  await soon(() => s.said.some(f => f.t === 'send'))
  const send = s.said.find(f => f.t === 'send')!
  s.hear({ t: 'nack', key: send.key, retry: true, wait: 1 })
  await soon(() => c.outbox[0])
  c.retry(c.outbox[0])
  await soon(() => s.said.filter(f => f.t === 'send').length === 2)
  assert.equal(s.said.filter(f => f.t === 'send')[1].key, send.key, 'said again under the same key')
  s.hear({ t: 'ack', key: send.key })
  await soon(() => c.outbox[0].sent)
  s.hear({ t: 'items', items: [{ id: '1-1', kind: 'message', from: 'customer', key: send.key, text: 'سلام' }, { id: '2-1', kind: 'message', from: 'agent', text: 'hi' }] })
  assert.equal(c.outbox.length, 0)
  c.delivered(c.items.slice(1))
  c.read()
  const said = s.said.map(f => (f.key ? { ...f, key: 'key-of-the-message' } : f))
  assert.match(send.key!, /^[0-9a-f]{32}$/)
  assert.deepEqual(said, golden('widget'))
  c.stop()
})

test('what is too long or too large is never sent', () => {
  const c = connect('https://hub.example/hooks/a/', new Store('three.'), config)
  c.send('ش'.repeat(4097))
  assert.equal(c.outbox[0].bad, 'too_long')
  c.stop()
})

test('folding', () => {
  const items: Item[] = []
  const message = (id: string): Item => ({ id, kind: 'message', from: 'agent', text: id })
  assert.equal(fold(items, [message('1'), message('1'), { id: '2', kind: 'edit', from: 'agent', of: 'unknown', text: 'x' }]).length, 1)
  fold(items, [{ id: '3', kind: 'deletion', from: 'agent', of: '1' }, { id: '4', kind: 'edit', from: 'agent', of: '1', text: 'back?' }])
  assert.deepEqual(items, [{ id: '1', kind: 'message', from: 'agent', text: '', files: undefined, deleted: true }])
})
