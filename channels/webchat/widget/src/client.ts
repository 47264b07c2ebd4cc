import type { Store } from './store.ts'

/** One thing that the hub shows to the visitor; see protocol.go. */
export interface Item {
  id?: string
  kind: string
  from: string
  name?: string
  text?: string
  at?: number
  key?: string
  on?: boolean
}

/** A message of the visitor's that is not in the hub's history yet. */
export interface Out {
  key: string
  text: string
  at: number
  sent?: boolean // recorded; its item is under way
  failed?: boolean // several tries failed; more follow
  bad?: string // it can never be sent: why
}

export type State = 'idle' | 'connecting' | 'live' | 'offline'

interface Answer {
  ok?: boolean
  retry?: boolean
  code?: string
  wait?: number
}

interface Frame {
  t: string
  items?: Item[]
  key?: string
  code?: string
  retry?: boolean
  wait?: number
}

const protocol = 'tamas.webchat.1'
const kept = 100 // items in the store
const later: Answer = { retry: true }

const sleep = (ms: number) => new Promise<void>(r => setTimeout(r, ms))
const backoff = (n: number) => Math.min(30_000, 500 * 2 ** Math.min(n, 6)) * (0.5 + Math.random())
const bytes = (s: string) => new TextEncoder().encode(s).length

function newKey(): string {
  // crypto.randomUUID exists on secure pages only.
  return [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('')
}

/**
 * The visitor's side of the conversation, without a face: session, feed, outbox. It speaks through a socket,
 * and through long polling where sockets are blocked. Everything it must not forget is in the store; the hub
 * knows each message by its key, so sending again never doubles one.
 */
export class Client {
  items: Item[] = []
  outbox: Out[] = []
  state: State = 'idle'
  typist: string | undefined // who of the agents is typing

  /** Called after anything above changed. fresh: agents' messages that just came. */
  onchange: (fresh: Item[]) => void = () => {}

  private running = false
  private ws: WebSocket | undefined
  private polling = false
  private blocked = 0 // socket attempts in a row that never said hello
  private flushing = false
  private tries = new Map<string, number>()
  private waiting = new Map<string, (a: Answer) => void>()
  private naps = new Set<() => void>()
  private fade = 0
  private heard = 0 // when the hub last spoke on the socket
  private asked = 0 // when it was asked to; an answer is owed while it is not before heard
  private typed = 0

  constructor(private base: string, private store: Store, private maxText: number) {
    this.items = store.get<Item[]>('h') ?? []
    this.load()
    store.listen(k => this.other(k))
    const back = () => { if (document.visibilityState === 'visible') { this.wake(); this.ping() } }
    addEventListener('online', back)
    addEventListener('offline', () => this.ws?.close())
    document.addEventListener('visibilitychange', back)
  }

  /** Whether this visitor has been here before. */
  get known(): boolean {
    return !!this.token || this.outbox.length > 0
  }

  private get token(): string | undefined {
    return this.store.get<string>('s')
  }

  get me(): { name?: string; email?: string } | undefined {
    return this.store.get('me')
  }

  set me(v: { name?: string; email?: string } | undefined) {
    this.store.set('me', v)
    this.onchange([])
  }

  /** Agents' messages that were not shown yet. */
  get unread(): Item[] {
    const read = this.store.get<string>('r')
    return this.items.slice(this.items.findIndex(i => i.id === read) + 1).filter(i => i.from !== 'customer')
  }

  /** Begins to connect, and goes on for as long as the page lives. */
  start(): void {
    if (!this.running) {
      this.running = true
      void this.run()
    }
  }

  send(text: string): void {
    const m: Out = { key: newKey(), text, at: Date.now() }
    if (bytes(text) > this.maxText) m.bad = 'too_long'
    this.outbox.push(m)
    this.save(m)
    this.typing(false)
    this.onchange([])
    this.start()
    void this.flush()
  }

  retry(m: Out): void {
    m.failed = false
    if (m.bad !== 'too_long') m.bad = undefined
    this.tries.delete(m.key)
    this.onchange([])
    this.wake()
    void this.flush()
  }

  remove(m: Out): void {
    this.outbox = this.outbox.filter(o => o !== m)
    this.store.del(slot(m))
    this.onchange([])
  }

  /** The visitor types, or has stopped; says so to the hub every 3 s at most. */
  typing(on: boolean): void {
    const now = Date.now()
    if (on ? now - this.typed < 3000 : !this.typed) return
    this.typed = on ? now : 0
    void this.tell('typing', { on })
  }

  /** All agents' messages were shown. */
  read(): void {
    const unread = this.unread
    if (!unread.length) return
    this.store.set('r', unread[unread.length - 1].id)
    for (const i of unread.slice(-20)) if (i.from === 'agent') void this.tell('seen', { id: i.id, state: 'read' })
    this.onchange([])
  }

  /** They came, but nobody looked yet. */
  delivered(fresh: Item[]): void {
    for (const i of fresh) {
      if (i.from === 'agent' && this.store.get('d') !== i.id) {
        this.store.set('d', i.id)
        void this.tell('seen', { id: i.id, state: 'delivered' })
      }
    }
  }

  // ---- connection

  private async run(): Promise<void> {
    for (let n = 0; ; n++) {
      this.become(navigator.onLine === false || n > 2 ? 'offline' : 'connecting')
      try {
        await this.session()
        if (this.blocked < 2) {
          // Where the page's policy forbids sockets the attempt itself throws.
          if (await this.socket().catch(() => false)) {
            this.blocked = n = 0
          } else {
            this.blocked++
          }
        }
        if (this.blocked > 1) {
          if (await this.poll()) n = 0
          this.blocked = 1 // one more look at whether sockets pass now
        }
      } catch {
        // no network, or the hub refuses for now: Answer of session
      }
      if (this.state === 'live') this.become('connecting')
      await this.nap(backoff(n))
    }
  }

  // nap waits, but not when there is reason to hope: wake ends it.
  private async nap(ms: number): Promise<void> {
    let up = () => {}
    await Promise.race([sleep(ms), new Promise<void>(r => this.naps.add((up = r)))])
    this.naps.delete(up)
  }

  private wake(): void {
    for (const up of this.naps) up()
  }

  private become(s: State): void {
    if (s !== this.state) {
      this.state = s
      if (s === 'live') void this.flush()
      this.onchange([])
    }
  }

  private async session(): Promise<void> {
    const day = Math.floor(Date.now() / 864e5)
    if (this.token && this.store.get('t') === day) return
    const r = await this.call('session', { token: this.token })
    if (r.status === 401) return this.forget()
    if (!r.ok) throw r.status
    this.store.set('s', (await r.json()).token)
    this.store.set('t', day)
  }

  // forget begins anew: the hub does not know this visitor. What was not sent stays.
  private forget(): void {
    for (const k of ['s', 't', 'h', 'r', 'd']) this.store.del(k)
    this.items = []
    throw 401
  }

  /** One socket's life; tells whether the hub greeted us. */
  private socket(): Promise<boolean> {
    return new Promise(resolve => {
      let hello = false
      this.heard = this.asked = Date.now()
      const url = this.base.replace(/^http/, 'ws') + 'socket?after=' + encodeURIComponent(this.last)
      const ws = new WebSocket(url, [protocol, this.token!])
      const end = () => {
        clearInterval(beat)
        ws.onclose = ws.onmessage = null
        ws.close()
        this.ws = undefined
        for (const answer of this.waiting.values()) answer(later)
        resolve(hello)
      }
      // A dead network says nothing: so we ask, and hang up when no answer comes. Browsers let this run once a
      // minute only in tabs that nobody looks at, which the hub's patience allows for.
      const beat = setInterval(() => {
        const now = Date.now()
        if (this.asked >= this.heard) {
          if (now - this.asked > 8000) end()
        } else if (now - this.heard > 20_000) {
          this.ping()
        }
      }, 4000)
      ws.onclose = end
      ws.onmessage = e => {
        this.heard = Date.now() + 1 // later than what was asked in the same millisecond
        const f: Frame = JSON.parse(e.data)
        if (f.t === 'hello') {
          hello = true
          this.ws = ws
          this.become('live')
          // Said again: the first time may have been lost, or too early for the hub to know the message as sent.
          const read = this.store.get<string>('r')
          if (read) this.frame('seen', { id: read, state: 'read' })
        } else if (f.t === 'items') {
          this.take(f.items!)
        } else if (f.t === 'ack' || f.t === 'nack') {
          this.waiting.get(f.key!)?.({ ok: f.t === 'ack', retry: f.retry, code: f.code, wait: f.wait })
        }
      }
    })
  }

  private ping(): void {
    if (!this.ws) return
    if (this.asked < this.heard) this.asked = Date.now()
    this.frame('ping')
  }

  private frame(t: string, body: object = {}): void {
    this.ws!.send(JSON.stringify({ t, ...body }))
  }

  /** Polls for some minutes, or until it fails; tells whether it ever worked. */
  private async poll(): Promise<boolean> {
    this.polling = true
    const until = Date.now() + 300_000
    let wait = 0
    try {
      while (Date.now() < until) {
        const r = await this.call(`messages?after=${encodeURIComponent(this.last)}&wait=${wait}`)
        if (r.status === 401) this.forget()
        if (!r.ok) break
        const items: Item[] = (await r.json()).items ?? []
        this.become('live')
        this.take(items)
        wait = 20
        // Typing alone ends a poll at once; do not let it make us hurry.
        if (!items.some(i => i.id)) await sleep(500)
      }
    } finally {
      this.polling = false
    }
    return wait > 0
  }

  private call(path: string, body?: object): Promise<Response> {
    const headers: Record<string, string> = {}
    if (body) headers['Content-Type'] = 'application/json'
    if (this.token) headers.Authorization = 'Bearer ' + this.token
    return fetch(this.base + path, {
      method: body ? 'POST' : 'GET',
      headers,
      body: body && JSON.stringify(body),
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'origin', // the hub must know the page's origin, and nothing more
      signal: AbortSignal.timeout(40_000),
    })
  }

  private async tell(t: string, body: object): Promise<void> {
    try {
      if (this.ws) this.frame(t, body)
      else if (this.polling) await this.call(t, body)
    } catch {
      // a hint that is lost does no harm
    }
  }

  // ---- feed

  /** Where to go on after a break. */
  private get last(): string {
    return this.items[this.items.length - 1]?.id ?? ''
  }

  private take(items: Item[]): void {
    const have = new Set(this.items.map(i => i.id))
    const fresh: Item[] = []
    for (const i of items) {
      if (i.kind === 'typing') {
        clearTimeout(this.fade)
        this.typist = i.on ? (i.name ?? '') : undefined
        // The word that it ended may be lost with a connection.
        if (i.on) this.fade = setTimeout(() => { this.typist = undefined; this.onchange([]) }, 8000)
      } else if (!have.has(i.id)) {
        have.add(i.id)
        this.items.push(i)
        const mine = this.outbox.find(o => o.key === i.key)
        if (mine) this.remove(mine)
        if (i.from !== 'customer') {
          fresh.push(i)
          this.typist = undefined
        }
      }
    }
    this.store.set('h', this.items.slice(-kept))
    this.onchange(fresh)
  }

  // ---- outbox

  private save(m: Out): void {
    this.store.set(slot(m), { key: m.key, text: m.text, at: m.at, bad: m.bad })
  }

  private load(): void {
    const saved = this.store.keys('o.').map(k => this.store.get<Out>(k)!).filter(Boolean)
    const shown = new Set(this.items.map(i => i.key).filter(Boolean))
    for (const m of this.outbox) {
      // Another tab sent it: its item is under way.
      if (!saved.some(s => s.key === m.key)) m.sent = true
    }
    for (const s of saved) {
      if (shown.has(s.key)) this.store.del(slot(s))
      else if (!this.outbox.some(m => m.key === s.key)) this.outbox.push(s)
    }
  }

  // other: another tab changed something in the store.
  private other(key?: string): void {
    if (key === 's' || !key) return this.ws?.close() // another visitor now, or none
    if (key === 'h' && !this.store.get(key)) this.items = []
    if (key.startsWith('o.')) {
      this.load()
      setTimeout(() => this.flush(), 5000) // should that tab be gone by then
      this.start()
    }
    this.onchange([])
  }

  // flush sends what waits, in order, one at a time.
  private async flush(): Promise<void> {
    if (this.flushing) return
    this.flushing = true
    for (;;) {
      const m = this.outbox.find(o => !o.sent && !o.bad)
      if (!m || this.state !== 'live') break
      const a = await this.deliver(m).catch(() => later)
      if (a.ok) {
        m.sent = true
        m.failed = false
        this.store.del(slot(m))
      } else if (!a.retry) {
        m.bad = a.code === 'too_long' ? a.code : 'invalid'
        this.save(m)
      } else {
        const n = (this.tries.get(m.key) ?? 0) + 1
        this.tries.set(m.key, n)
        m.failed = n > 2
        this.onchange([])
        await this.nap(Math.max(a.wait ?? 0, backoff(n)))
      }
      this.onchange([])
    }
    this.flushing = false
  }

  private async deliver(m: Out): Promise<Answer> {
    const body = { key: m.key, text: m.text, ...this.me }
    if (bytes(JSON.stringify(body)) > 16_000) return { code: 'too_long' }
    if (this.ws) {
      const answer = new Promise<Answer>(r => this.waiting.set(m.key, r))
      this.frame('send', body)
      const a = await Promise.race([answer, sleep(25_000).then(() => later)])
      this.waiting.delete(m.key)
      return a
    }
    const r = await this.call('messages', body)
    if (r.ok) return { ok: true }
    if (r.status === 413) return { code: 'too_long' }
    return { retry: r.status !== 422, wait: 1000 * Number(r.headers.get('Retry-After') ?? 0) }
  }
}

// A message has a key of its own in the store, so that tabs cannot overwrite each other's; sorted by time.
const slot = (m: Out): string => 'o.' + m.at.toString(36).padStart(9, '0') + '.' + m.key
