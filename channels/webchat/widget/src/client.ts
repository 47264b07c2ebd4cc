import type { Config, Proof } from './config.ts'
import { fold, refusal, type Answer, type FileView, type Frame, type Item, type Out, type Standing } from './protocol.ts'
import type { Store } from './store.ts'

export type Client = ReturnType<typeof connect>
type Me = { name?: string; email?: string; phone?: string }

const protocol = 'tamas.webchat.1'
const kept = 100 // items in the store
const later: Answer = { retry: true }

const sleep = (ms: number) => new Promise<void>(r => setTimeout(r, ms))
const backoff = (n: number) => Math.min(30_000, 500 * 2 ** Math.min(n, 6)) * (0.5 + Math.random())
const bytes = (s: string) => new TextEncoder().encode(s).length

// crypto.randomUUID exists on secure pages only.
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join('')

// A message has a key of its own in the store, so that tabs cannot overwrite each other's; sorted by time.
const slot = (m: Out): string => 'o.' + m.at.toString(36).padStart(9, '0') + '.' + m.key

/**
 * The visitor's side of the conversation, without a face: session, feed, outbox. It speaks through a socket,
 * and through long polling where sockets are blocked. Everything it must not forget is in the store; the hub
 * knows each message by its key, so sending again never doubles one.
 *
 * A proof makes the visitor who the site says it is; guest is then the store of who was nobody in particular here before.
 * refused is called when the hub does not take the proof.
 */
export function connect(base: string, store: Store, config: Config, proof?: Proof, guest?: Store, refused = () => {}) {
  // after is where to go on after a break. Tabs are not equally far: each goes by its own.
  let { after, items: past } = feed()
  const c = {
    items: past,
    outbox: [] as Out[],
    state: 'idle' as 'idle' | 'connecting' | 'live' | 'offline' | 'expired',
    typist: undefined as string | undefined, // who of the agents is typing
    standing: undefined as Standing | undefined,
    store,

    /** Called after anything above changed. fresh: agents' messages that just came. */
    changed: (_fresh: Item[]) => {},

    /** Whether this visitor has been here before. */
    get known(): boolean {
      return !!token() || c.outbox.length > 0 || !!guest?.get('s')
    },
    get signedIn(): boolean {
      return !!proof
    },
    get me(): Me | undefined {
      return store.get('me')
    },
    set me(v: Me | undefined) {
      store.set('me', v)
      c.changed([])
    },

    /** Agents' messages that were not shown yet. */
    get unread(): Item[] {
      return c.items.slice(c.items.findIndex(i => i.id === store.get('r')) + 1).filter(i => i.from !== 'customer')
    },

    /** Begins to connect, and goes on for as long as the page lives. */
    start(): void {
      if (!running) {
        running = true
        void run()
      }
    },

    /** Ends all that goes on. */
    stop(): void {
      stopped = true
      hangUp()
      wake()
    },

    send(text: string, file?: File): void {
      const m: Out = { key: newKey(), text, at: Date.now(), file }
      if (bytes(text) > config.max_text) m.bad = 'too_long'
      if (file && file.size > config.max_file) m.bad = 'too_large'
      c.outbox.push(m)
      save(m)
      c.typing(false)
      c.changed([])
      c.start()
      void flush()
    },

    retry(m: Out): void {
      m.failed = false
      m.bad = undefined
      tries.delete(m.key)
      c.changed([])
      wake()
      void flush()
    },

    remove(m: Out): void {
      c.outbox = c.outbox.filter(o => o !== m)
      store.del(slot(m))
      c.changed([])
    },

    /** The visitor types, or has stopped; says so to the hub every 3 s at most. */
    typing(on: boolean): void {
      const now = Date.now()
      if (on ? now - typed < 3000 : !typed) return
      typed = on ? now : 0
      void tell('typing', { on })
    },

    /** All agents' messages were shown. */
    read(): void {
      const unread = c.unread
      if (!unread.length) return
      store.set('r', unread[unread.length - 1].id)
      for (const i of unread.slice(-20)) if (i.from === 'agent') void tell('seen', { id: i.id, state: 'read' })
      c.changed([])
    },

    /** They came, but nobody looked yet. */
    delivered(fresh: Item[]): void {
      for (const i of fresh) {
        if (i.from === 'agent' && store.get('d') !== i.id) {
          store.set('d', i.id)
          void tell('seen', { id: i.id, state: 'delivered' })
        }
      }
    },

    /** How the conversation was that ended with this item; tells whether it was recorded. Said again it counts once. */
    rate: (last: string, score: number, text: string): Promise<boolean> =>
      call('rate', { key: 'rate-' + last, score, text }).then(r => r.ok, () => false),

    /** Has the conversation mailed to the visitor; tells whether it will be. */
    mail: (): Promise<boolean> => call('transcript', {}).then(r => r.ok, () => false),

    /** Asks to be answered elsewhere. link is to be opened there, '' when none is needed; without it that cannot be. */
    later: async (to: string): Promise<{ link?: string }> => (await call('later', { to })).json(),

    /** A page that the visitor looks at. */
    async visit(page: string, title: string): Promise<void> {
      try {
        await session()
        await call('visits', { key: newKey(), page, title })
      } catch {
        // a visit that is not logged does no harm
      }
    },

    /** An address in the page's memory for a file's content. */
    open(f: FileView): Promise<string> {
      let url = opened.get(f.id)
      if (!url) {
        url = call('files/' + f.id).then(async r => {
          if (!r.ok) throw r.status
          return URL.createObjectURL(await r.blob())
        })
        opened.set(f.id, url)
        url.catch(() => opened.delete(f.id))
      }
      return url
    },
  }

  let running = false
  let stopped = false
  let ws: WebSocket | undefined
  let hangUp = () => {}
  let polling = false
  let blocked = 0 // socket attempts in a row that never said hello
  let flushing = false
  let proved = false // the hub has taken the proof
  let wasProved = false
  let opening: Promise<void> | undefined
  let fade = 0
  let heard = 0 // when the hub last spoke on the socket
  let asked = 0 // when it was asked to; an answer is owed while it is not before heard
  let typed = 0
  const tries = new Map<string, number>()
  const waiting = new Map<string, (a: Answer) => void>()
  const naps: (() => void)[] = []
  const opened = new Map<string, Promise<string>>()
  const token = () => store.get<string>('s')

  load()
  store.listen(other)
  const back = () => { if (document.visibilityState === 'visible') { wake(); ping() } }
  addEventListener('online', back)
  addEventListener('offline', () => ws?.close())
  document.addEventListener('visibilitychange', back)
  return c

  function feed(): { after: string; items: Item[] } {
    return store.get('f') ?? { after: '', items: [] }
  }

  // ---- connection

  async function run(): Promise<void> {
    for (let n = 0; !stopped; n++) {
      if (c.state !== 'expired') become(navigator.onLine === false || n > 2 ? 'offline' : 'connecting')
      try {
        await session()
        if (blocked < 2) {
          // Where the page's policy forbids sockets the attempt itself throws.
          if (await socket().catch(() => false)) blocked = n = 0
          else blocked++
        }
        if (blocked > 1) {
          if (await poll()) n = 0
          blocked = 1 // one more look at whether sockets pass now
        }
      } catch {
        // no network, or the hub refuses for now
      }
      if (c.state === 'live') become('connecting')
      await nap(backoff(n))
    }
  }

  // nap waits, but not when there is reason to hope: wake ends it.
  function nap(ms: number): Promise<void> {
    return new Promise(r => { naps.push(r); setTimeout(r, ms) })
  }

  function wake(): void {
    for (const up of naps.splice(0)) up()
  }

  function become(s: typeof c.state): void {
    if (s !== c.state) {
      c.state = s
      if (s === 'live') void flush()
      c.changed([])
    }
  }

  function session(): Promise<void> {
    opening ??= greet().finally(() => (opening = undefined))
    return opening
  }

  // greet makes sure that there is a token that the hub knows.
  async function greet(): Promise<void> {
    const day = Math.floor(Date.now() / 864e5)
    if (stopped) throw 0
    if (token() && (proof ? proved : store.get('t') === day)) return
    const r = await call('session', { token: token() ?? guest?.get('s'), ...proof })
    if (r.status === 401) return forget()
    if (r.status === 403 && proof) {
      // Never taken: the visitor is nobody in particular. Over: the page must bring a new one.
      if (wasProved) become('expired')
      else refused()
    }
    if (!r.ok) throw r.status
    const a: { token: string; visitor: string } = await r.json()
    if (proof) {
      proved = wasProved = true
      guest?.clear()
    }
    if (a.visitor !== (store.get('v') ?? a.visitor)) empty()
    store.set('s', a.token)
    store.set('t', day)
    store.set('v', a.visitor)
    if (c.state === 'expired') become('connecting')
  }

  // forget begins anew: the hub does not know this visitor, or no longer. What was not sent stays.
  function forget(): void {
    for (const k of ['s', 't', 'v']) store.del(k)
    proved = false
    if (!proof) empty()
    throw 401
  }

  function empty(): void {
    for (const k of ['f', 'r', 'd', 'q']) store.del(k)
    c.items = []
    after = ''
    c.standing = undefined
  }

  /** One socket's life; tells whether the hub greeted us. */
  function socket(): Promise<boolean> {
    return new Promise(resolve => {
      let hello = false
      heard = asked = Date.now()
      const s = new WebSocket(base.replace(/^http/, 'ws') + 'socket?after=' + encodeURIComponent(after), [protocol, token()!])
      const end = () => {
        clearInterval(beat)
        s.onclose = s.onmessage = null
        s.close()
        ws = undefined
        for (const answer of waiting.values()) answer(later)
        resolve(hello)
      }
      hangUp = end
      // A dead network says nothing: so we ask, and hang up when no answer comes. Browsers let this run once a
      // minute only in tabs that nobody looks at, which the hub's patience allows for.
      const beat = setInterval(() => {
        const now = Date.now()
        if (asked >= heard) {
          if (now - asked > 8000) end()
        } else if (now - heard > 20_000) {
          ping()
        }
      }, 4000)
      s.onclose = end
      s.onmessage = e => {
        heard = Date.now() + 1 // later than what was asked in the same millisecond
        const f: Frame = JSON.parse(e.data)
        if (f.t === 'hello') {
          hello = true
          ws = s
          become('live')
          // Said again: the first time may have been lost, or too early for the hub to know the message as sent.
          const read = store.get<string>('r')
          if (read) frame('seen', { id: read, state: 'read' })
        }
        hear(f)
      }
    })
  }

  // hear takes what came on the socket, or as the answer to a poll.
  function hear(f: Frame): void {
    if (f.standing) c.standing = f.standing
    if (f.items) take(f.items)
    else if (f.standing) c.changed([])
    waiting.get(f.key!)?.({ ok: f.t === 'ack', retry: f.retry, code: f.code, wait: f.wait })
  }

  function ping(): void {
    if (!ws) return
    if (asked < heard) asked = Date.now()
    frame('ping')
  }

  function frame(t: string, body: object = {}): void {
    ws!.send(JSON.stringify({ t, ...body }))
  }

  /** Polls for some minutes, or until it fails; tells whether it ever worked. */
  async function poll(): Promise<boolean> {
    polling = true
    const until = Date.now() + 300_000
    let wait = 0
    let stood = ''
    try {
      while (Date.now() < until && !stopped) {
        const r = await call(`messages?after=${encodeURIComponent(after)}&wait=${wait}&stood=${stood}`)
        if (r.status === 401) forget()
        if (!r.ok) break
        const f: Frame = await r.json()
        become('live')
        hear(f)
        stood = f.stood!
        wait = 20
        // Typing alone ends a poll at once; do not let it make us hurry.
        if (!f.items?.some(i => i.id)) await sleep(500)
      }
    } finally {
      polling = false
    }
    return wait > 0
  }

  function call(path: string, body?: object): Promise<Response> {
    const headers: Record<string, string> = {}
    if (body) headers['Content-Type'] = 'application/json'
    if (token()) headers.Authorization = 'Bearer ' + token()
    return fetch(base + path, {
      method: body ? 'POST' : 'GET',
      headers,
      body: body && JSON.stringify(body),
      credentials: 'omit',
      cache: 'no-store',
      referrerPolicy: 'origin', // the hub must know the page's origin, and nothing more
      signal: path.startsWith('files') ? undefined : AbortSignal.timeout(40_000),
    })
  }

  async function tell(t: string, body: object): Promise<void> {
    try {
      if (ws) frame(t, body)
      else if (polling) await call(t, body)
    } catch {
      // a hint that is lost does no harm
    }
  }

  // ---- feed

  function take(items: Item[]): void {
    const fresh = fold(c.items, items)
    for (const i of items) {
      if (i.kind === 'typing') {
        clearTimeout(fade)
        c.typist = i.on ? (i.name ?? '') : undefined
        // The word that it ended may be lost with a connection.
        if (i.on) fade = setTimeout(() => { c.typist = undefined; c.changed([]) }, 8000)
      } else if (i.kind === 'state') {
        // Read on another device.
        if (i.state === 'read' && c.unread.some(u => u.id === i.of)) store.set('r', i.of)
      } else {
        after = i.id!
        const mine = c.outbox.find(o => o.key === i.key)
        if (mine) c.remove(mine)
      }
    }
    if (fresh.length) c.typist = undefined
    store.set('f', { after, items: c.items.slice(-kept) })
    c.changed(fresh)
  }

  // ---- outbox

  // save keeps a message for the next page; a file that is not uploaded yet lasts no longer than this one.
  function save(m: Out): void {
    if (!m.file || m.files) store.set(slot(m), { key: m.key, text: m.text, at: m.at, files: m.files, bad: m.bad })
  }

  function load(): void {
    const saved = store.keys('o.').map(k => store.get<Out>(k)!).filter(Boolean)
    const shown = new Set(c.items.map(i => i.key).filter(Boolean))
    for (const m of c.outbox) {
      // Another tab sent it: its item is under way.
      if ((!m.file || m.files) && !saved.some(s => s.key === m.key)) m.sent = true
    }
    for (const s of saved) {
      if (shown.has(s.key)) store.del(slot(s))
      else if (!c.outbox.some(m => m.key === s.key)) c.outbox.push(s)
    }
  }

  // other: another tab changed something in the store.
  function other(key?: string): void {
    if (key === 'v' || !key) {
      proved = false
      ;({ after, items: c.items } = feed())
      return ws?.close() // another visitor now, or none
    }
    if (key.startsWith('o.')) {
      load()
      setTimeout(flush, 5000) // should that tab be gone by then
      c.start()
    }
    c.changed([])
  }

  // flush sends what waits, in order, one at a time.
  async function flush(): Promise<void> {
    if (flushing) return
    flushing = true
    for (;;) {
      const m = c.outbox.find(o => !o.sent && !o.bad)
      if (!m || c.state !== 'live') break
      const a = await deliver(m).catch(() => later)
      if (a.ok) {
        m.sent = true
        m.failed = false
        store.del(slot(m))
      } else if (!a.retry) {
        m.bad = a.code ?? 'invalid'
        save(m)
      } else {
        const n = (tries.get(m.key) ?? 0) + 1
        tries.set(m.key, n)
        m.failed = n > 2
        c.changed([])
        await nap(Math.max(a.wait ?? 0, backoff(n)))
      }
      c.changed([])
    }
    flushing = false
  }

  async function deliver(m: Out): Promise<Answer> {
    if (m.file && !m.files) {
      const a = await upload(m)
      if (!a.ok) return a
      save(m)
    }
    const body = { key: m.key, text: m.text, files: m.files?.map(f => f.id), lang: config.language, ...c.me }
    if (bytes(JSON.stringify(body)) > 24_000) return { code: 'too_long' }
    if (ws) {
      const answer = new Promise<Answer>(r => waiting.set(m.key, r))
      frame('send', body)
      const a = await Promise.race([answer, sleep(25_000).then(() => later)])
      waiting.delete(m.key)
      return a
    }
    const r = await call('messages', body)
    return r.ok ? { ok: true } : refusal(r.status, r.headers.get('Retry-After'))
  }

  /** Uploads a message's file. fetch does not tell how far it is. */
  function upload(m: Out): Promise<Answer> {
    return new Promise(resolve => {
      const x = new XMLHttpRequest()
      x.open('POST', base + 'files?name=' + encodeURIComponent(m.file!.name))
      x.setRequestHeader('Authorization', 'Bearer ' + token())
      x.setRequestHeader('Content-Type', m.file!.type || 'application/octet-stream')
      x.upload.onprogress = e => { m.done = e.loaded / e.total; c.changed([]) }
      x.onloadend = () => {
        if (x.status === 201) {
          m.files = [JSON.parse(x.responseText).file]
          resolve({ ok: true })
        } else {
          resolve(x.status === 413 ? { code: 'too_large' } : refusal(x.status, x.getResponseHeader('Retry-After')))
        }
      }
      x.send(m.file)
    })
  }
}
