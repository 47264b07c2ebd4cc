import { backoff } from './backoff'
import { cureOf, parseFrame, type Item } from './protocol'

export type Link = 'connecting' | 'open' | 'lost' | 'closed'

export interface Handlers {
  /** Where to resume; "" for now. */
  from(): string
  frame(items: Item[]): void
  link(l: Link, retryAt: number): void
  /** The id is unknown to the server: fetch the lists anew; the socket connects again once this resolves. */
  reload(): Promise<void>
  signedOut(): void
}

const quiet = 35_000 // no frame for this long: ask
const patience = 10_000 // no answer to a ping for this long: the line is dead

/**
 * The live socket. It connects, hands every frame on, and connects again by itself, with the id of the last
 * event, until stop. A line that is dead without having been closed (sleep, a lost network) is found by ping.
 */
export class Socket {
  private ws: WebSocket | null = null
  private tries = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private watch: ReturnType<typeof setInterval> | undefined
  private heard = 0
  private asked = 0
  private stopped = true
  private readonly wake = () => this.nudge()

  constructor(
    private readonly h: Handlers,
    private readonly url = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`,
  ) {}

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    addEventListener('online', this.wake)
    document.addEventListener('visibilitychange', this.wake)
    this.watch = setInterval(() => this.check(), 5000)
    this.connect()
  }

  stop(): void {
    this.stopped = true
    removeEventListener('online', this.wake)
    document.removeEventListener('visibilitychange', this.wake)
    clearInterval(this.watch)
    clearTimeout(this.timer)
    this.drop()
    this.h.link('closed', 0)
  }

  /** send says something to the server; it is dropped when the line is down. */
  send(item: object): void {
    if (this.ws?.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(item))
  }

  /** nudge connects at once instead of waiting for the next try. */
  nudge(): void {
    if (this.stopped || document.visibilityState === 'hidden') return
    if (!this.ws) {
      clearTimeout(this.timer)
      this.connect()
    } else this.check(1000)
  }

  private connect(): void {
    this.drop()
    this.h.link('connecting', 0)
    const from = this.h.from()
    const ws = new WebSocket(from ? `${this.url}?from=${encodeURIComponent(from)}` : this.url)
    this.ws = ws
    this.heard = Date.now()
    this.asked = 0
    ws.onmessage = (e) => {
      this.heard = Date.now()
      this.asked = 0
      let items: Item[]
      try {
        items = parseFrame(String(e.data))
      } catch {
        ws.close()
        return
      }
      if (items.some((i) => i.t === 'hello')) {
        this.tries = 0
        this.h.link('open', 0)
      }
      this.h.frame(items)
    }
    ws.onclose = (e) => {
      if (this.ws === ws) this.ended(e.code)
    }
  }

  private drop(): void {
    const ws = this.ws
    this.ws = null
    if (!ws) return
    ws.onmessage = ws.onclose = null
    ws.close()
  }

  private ended(code: number): void {
    this.ws = null
    switch (cureOf(code)) {
      case 'sign_in':
        this.stop()
        this.h.signedOut()
        return
      case 'stop':
        this.stop()
        return
      case 'reload':
        this.later(() => {
          this.h.reload().then(
            () => this.stopped || this.connect(),
            () => this.stopped || this.ended(4000),
          )
        })
        return
      case 'resume':
        this.later(() => this.connect())
    }
  }

  private later(f: () => void): void {
    if (this.stopped) return
    this.tries++
    const pause = backoff(this.tries)
    this.h.link('lost', Date.now() + pause)
    clearTimeout(this.timer)
    this.timer = setTimeout(f, pause)
  }

  private check(after = quiet): void {
    if (!this.ws) return
    const now = Date.now()
    if (this.asked && now - this.asked > patience) {
      this.drop()
      this.later(() => this.connect())
    } else if (!this.asked && now - this.heard > after) {
      if (this.ws.readyState === WebSocket.OPEN) this.send({ t: 'ping' })
      this.asked = now
    }
  }
}
