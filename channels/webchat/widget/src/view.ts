import type { Client, Item, Out } from './client.ts'
import css from './style.css'
import { pieces } from './links.ts'
import { fill, strings, type Language, type Strings } from './strings.ts'

/** The account's settings; see public in session.go. */
export interface Config {
  title: string
  welcome: string
  color: string
  language: string
  position: string
  ask_name: boolean
  max_text: number
}

type Props = Record<string, unknown>

/** Makes an element. Text is always set as text: nothing that anybody wrote is ever parsed as HTML. */
function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag)
  for (const [k, v] of Object.entries(props)) {
    if (k in e) (e as unknown as Props)[k] = v
    else e.setAttribute(k, String(v))
  }
  e.append(...children)
  return e
}

function icon(d: string): SVGElement {
  const ns = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(ns, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(ns, 'path')
  path.setAttribute('d', d)
  svg.append(path)
  return svg
}

const shapes = {
  chat: 'M4.5 18.5 3.6 21.4a.6.6 0 0 0 .8.7l3.5-1.2A9.2 9.2 0 1 0 4.500 18.500zM8 12h.01M12 12h.01M16 12h.01',
  close: 'M6 6l12 12M18 6 6 18',
  down: 'm6 9 6 6 6-6',
  send: 'M4.500 12 3 4.200a.6.6 0 0 1 .85-.66l17 7.900a.6.6 0 0 1 0 1.100l-17 7.900A.6.6 0 0 1 3 19.800zh8',
  sent: 'm5 12.500 4.500 4.500L19 7.500',
  clock: 'M12 7v5l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z',
}

/** The button, the window and all that is in it, in a shadow root of its own. */
export class View {
  private t: Strings
  private host = document.createElement('tamas-chat')
  private root = this.host.attachShadow({ mode: 'open' })
  private launcher: HTMLButtonElement
  private badge = h('span', { className: 'badge', hidden: true })
  private peek: HTMLButtonElement
  private panel: HTMLElement
  private status = h('p', { className: 'status', role: 'status' })
  private log: HTMLElement
  private typing: HTMLElement
  private newer: HTMLButtonElement
  private form: HTMLElement | undefined
  private input: HTMLTextAreaElement
  private submit: HTMLButtonElement
  private rows = new Map<string, HTMLElement>()
  private drawn = new WeakMap<HTMLElement, string>()
  private hide = 0
  private clock: Intl.DateTimeFormat
  private day: Intl.DateTimeFormat
  private full: Intl.DateTimeFormat
  private number: Intl.NumberFormat

  constructor(private client: Client, private config: Config, language: Language) {
    const t = (this.t = strings(language))
    const locale = language === 'fa' ? 'fa-IR-u-ca-persian' : navigator.language.startsWith('en') ? navigator.language : 'en'
    this.clock = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' })
    this.day = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' })
    this.full = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short' })
    this.number = new Intl.NumberFormat(locale)
    const rtl = language === 'fa'
    const title = config.title || t.title

    const sheet = new CSSStyleSheet() // the page's policy need not allow inline styles
    sheet.replaceSync(css)
    this.root.adoptedStyleSheets = [sheet]
    this.host.lang = language
    this.host.dir = rtl ? 'rtl' : 'ltr'
    const left = config.position === 'left' || (config.position === 'auto' && rtl)
    this.host.className = left ? 'left' : 'right'
    const root = h('div', { className: 'root ' + (left ? 'left' : 'right'), dir: this.host.dir, lang: language })
    root.style.setProperty('--accent', config.color)
    root.style.setProperty('--on-accent', dark(config.color) ? '#fff' : '#16181d')

    this.launcher = h('button', { type: 'button', className: 'launcher', onclick: () => (this.shown ? this.close() : this.open()) }, icon(shapes.chat), icon(shapes.down), this.badge)
    this.launcher.setAttribute('aria-haspopup', 'dialog')
    this.peek = h('button', { type: 'button', className: 'peek', hidden: true, onclick: () => this.open() })

    const close = h('button', { type: 'button', className: 'icon close', title: t.close, onclick: () => this.close() }, icon(shapes.close))
    close.setAttribute('aria-label', t.close)
    const heading = h('h2', { id: 'title', dir: 'auto' }, title)
    const face = h('span', { className: 'face', 'aria-hidden': 'true' }, initial(title))

    this.typing = h('div', { className: 'typing', hidden: true }, h('span', { className: 'dots' }, h('i'), h('i'), h('i')), h('span', { className: 'who' }))
    this.log = h('div', { className: 'log', tabIndex: 0, role: 'log', 'aria-live': 'polite', 'aria-label': t.messages })
    this.newer = h('button', { type: 'button', className: 'newer', hidden: true, onclick: () => this.bottom() }, t.newer, icon(shapes.down))

    this.input = h('textarea', { rows: 1, placeholder: t.write, dir: 'auto', enterKeyHint: 'send', 'aria-label': t.write })
    this.submit = h('button', { type: 'submit', className: 'icon send', disabled: true, title: t.send }, icon(shapes.send))
    this.submit.setAttribute('aria-label', t.send)
    const composer = h('form', { className: 'composer', onsubmit: (e: Event) => { e.preventDefault(); this.send() } }, this.input, this.submit)

    this.panel = h('section', { className: 'panel', role: 'dialog', hidden: true, 'aria-labelledby': 'title' },
      h('header', {}, face, h('div', { className: 'names' }, heading, this.status), close),
      this.log, this.newer, composer)
    root.append(this.panel, this.peek, this.launcher)
    this.root.append(root)
    document.body.append(this.host)

    this.log.append(
      this.bubble('welcome', 'agent', config.welcome || t.welcome),
      ...(config.ask_name && !client.me ? [(this.form = this.ask())] : []),
      this.typing)

    this.input.oninput = () => this.typed()
    this.input.onkeydown = e => {
      // On a phone's keyboard Enter begins a line, as everywhere there.
      if (e.key === 'Enter' && !e.shiftKey && !e.isComposing && !matchMedia('(pointer: coarse)').matches) {
        e.preventDefault()
        this.send()
      }
    }
    this.input.onblur = () => client.typing(false)
    root.onkeydown = e => this.key(e)
    this.log.onscroll = () => { if (this.atBottom) this.newer.hidden = true }
    const look = () => this.look()
    document.addEventListener('visibilitychange', look)
    addEventListener('focus', look)
    // The keyboard of a phone covers the page; the window ends above it.
    const vv = window.visualViewport
    vv?.addEventListener('resize', () => {
      root.style.setProperty('--height', vv.height + 'px')
      if (this.atBottom) this.bottom()
    })
    client.onchange = fresh => this.draw(fresh)
    this.draw([])
  }

  get shown(): boolean {
    return !this.panel.hidden
  }

  open(): void {
    if (this.shown) return
    this.panel.hidden = false
    this.launcher.parentElement!.classList.add('open')
    this.client.start()
    this.draw([])
    this.bottom()
    this.input.focus({ preventScroll: true })
    this.look()
  }

  close(): void {
    if (!this.shown) return
    this.panel.hidden = true
    this.launcher.parentElement!.classList.remove('open')
    this.draw([])
    this.launcher.focus({ preventScroll: true })
  }

  // ---- what the visitor does

  private send(): void {
    const text = this.input.value.trim()
    if (!text) return
    this.input.value = ''
    this.typed()
    this.client.send(text)
    this.bottom()
    this.input.focus({ preventScroll: true })
  }

  private typed(): void {
    const text = this.input.value
    this.submit.disabled = !text.trim()
    this.input.style.height = 'auto'
    this.input.style.height = Math.min(this.input.scrollHeight + 2, 132) + 'px' // with its border
    if (text) this.client.typing(true)
  }

  private key(e: KeyboardEvent): void {
    e.stopPropagation() // a shop's own shortcuts are not meant by what is written here
    if (!this.shown) return
    if (e.key === 'Escape') {
      this.close()
    } else if (e.key === 'Tab') {
      const stops = [...this.panel.querySelectorAll<HTMLElement>('button, a, input, textarea, [tabindex]')].filter(x => x.offsetParent && !(x as HTMLButtonElement).disabled)
      const now = stops.indexOf(this.root.activeElement as HTMLElement)
      if (e.shiftKey ? now <= 0 : now < 0 || now === stops.length - 1) {
        e.preventDefault()
        stops[e.shiftKey ? stops.length - 1 : 0].focus()
      }
    }
  }

  // look: what can be seen now counts as read, a moment later, if it can still be seen.
  private look(): void {
    if (this.visible && this.client.unread.length) {
      setTimeout(() => { if (this.visible) this.client.read() }, 1000)
    }
  }

  private get visible(): boolean {
    return this.shown && document.visibilityState === 'visible'
  }

  private get atBottom(): boolean {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60
  }

  private bottom(): void {
    this.log.scrollTop = this.log.scrollHeight
    this.newer.hidden = true
  }

  // ---- what is shown

  private draw(fresh: Item[]): void {
    const { client, t } = this
    const stick = this.atBottom
    this.status.dataset.state = client.state
    this.status.textContent = client.state === 'live' ? t.live : client.state === 'offline' ? t.offline : client.state === 'connecting' ? t.connecting : ''
    this.rowsOf()

    const name = client.typist
    this.typing.hidden = name === undefined
    if (name !== undefined) this.typing.lastElementChild!.textContent = fill(t.typing, name || t.agent)
    if (client.me) this.form?.remove()

    const unread = this.shown ? 0 : client.unread.length
    this.badge.hidden = !unread
    this.badge.textContent = this.number.format(unread)
    const label = this.shown ? t.close : unread ? fill(t.openUnread, this.number.format(unread)) : t.open
    this.launcher.setAttribute('aria-label', label)
    this.launcher.title = label
    this.launcher.setAttribute('aria-expanded', String(this.shown))

    if (fresh.length) {
      if (this.visible) {
        this.look()
      } else {
        setTimeout(() => { if (!this.visible) client.delivered(fresh) }, 1000)
      }
      const last = fresh[fresh.length - 1]
      if (!this.shown && unread) {
        this.peek.replaceChildren(h('b', { dir: 'auto' }, last.name || this.config.title || t.agent), h('span', { dir: 'auto' }, last.text ?? ''))
        this.peek.hidden = false
        clearTimeout(this.hide)
        this.hide = setTimeout(() => (this.peek.hidden = true), 12_000)
      }
    }
    if (!unread) this.peek.hidden = true
    if (this.shown) {
      if (stick) this.bottom()
      else if (fresh.length) this.newer.hidden = false
    }
  }

  /** Brings the rows of the log in line with what the client holds; a row stays the same element by its key. */
  private rowsOf(): void {
    const { client, t } = this
    const want: [string, () => HTMLElement][] = []
    let day = ''
    let before: Item | Out | undefined
    for (const m of [...client.items, ...client.outbox]) {
      const item = 'kind' in m ? m : undefined
      const at = new Date(m.at ?? 0)
      const d = this.day.format(at)
      if (d !== day) {
        want.push(['day ' + d, () => h('div', { className: 'day' }, this.dayName(at))])
        before = undefined
      }
      day = d
      const from = item ? item.from : 'customer'
      const author = item && from !== 'customer' ? item.name || (from === 'agent' ? t.agent : '') : ''
      const past = before as Item | undefined
      const same = before && (past!.from ?? 'customer') === from && (past!.name || '') === (item?.name || '') && (m.at ?? 0) - (before.at ?? 0) < 300_000
      // A message keeps its row when it turns from waiting into history.
      const id = from === 'customer' ? 'k' + (m.key || item!.id) : 'i' + item!.id
      const first = !same
      want.push([id, () => this.bubble(id, from, m.text ?? '', at, first ? author : '')])
      const row = this.rows.get(id) ?? want[want.length - 1][1]()
      this.rows.set(id, row)
      row.classList.toggle('first', first)
      if (from === 'customer') this.mark(row, item ? undefined : (m as Out))
      before = m
    }
    const keep = new Set(want.map(w => w[0]))
    for (const [k, row] of this.rows) {
      if (!keep.has(k)) {
        row.remove()
        this.rows.delete(k)
      }
    }
    // Only what is out of place moves, so that screen readers hear what is new and nothing else.
    let at: Element | null = this.typing
    for (const [k, make] of want.reverse()) {
      const row = this.rows.get(k) ?? make()
      this.rows.set(k, row)
      if (row.nextElementSibling !== at) this.log.insertBefore(row, at)
      at = row
    }
  }

  private dayName(d: Date): string {
    const midnight = (x: Date) => new Date(x).setHours(0, 0, 0, 0)
    const ago = Math.round((midnight(new Date()) - midnight(d)) / 864e5)
    if (ago > 1) return this.day.format(d)
    return new Intl.RelativeTimeFormat(this.clock.resolvedOptions().locale, { numeric: 'auto' }).format(-ago, 'day')
  }

  private bubble(id: string, from: string, text: string, at?: Date, author = ''): HTMLElement {
    const body = h('div', { className: 'text', dir: 'auto' })
    for (const p of pieces(text)) {
      body.append(p.href ? h('a', { href: p.href, target: '_blank', rel: 'noopener noreferrer nofollow', dir: 'ltr' }, p.text) : p.text)
    }
    const row = h('div', { className: 'row ' + (from === 'customer' ? 'mine' : from === 'system' ? 'system' : 'theirs') })
    row.dataset.id = id
    if (author) row.append(h('div', { className: 'author', dir: 'auto' }, author))
    row.append(h('div', { className: 'bubble' }, body))
    if (at) row.append(h('div', { className: 'meta' }, h('time', { dateTime: at.toISOString(), title: this.full.format(at) }, this.clock.format(at))))
    return row
  }

  /** Shows what became of one of the visitor's own messages; no Out: it is in the record. */
  private mark(row: HTMLElement, m?: Out): void {
    const { t } = this
    const state = !m || m.sent ? 'sent' : m.bad ? 'bad' : m.failed ? 'failed' : 'sending'
    if (this.drawn.get(row) === state + m?.bad) return
    this.drawn.set(row, state + m?.bad)
    row.dataset.state = state
    const meta = row.querySelector('.meta')!
    while (meta.children.length > 1) meta.lastChild!.remove()
    const say = state === 'sent' ? t.sent : state === 'sending' ? t.sending : m?.bad === 'too_long' ? t.too_long : m?.bad ? t.invalid : t.failed
    if (state === 'sent' || state === 'sending') {
      const sign = h('span', { className: 'sign', role: 'img', title: say }, icon(state === 'sent' ? shapes.sent : shapes.clock))
      sign.setAttribute('aria-label', say)
      meta.append(sign)
    } else {
      const button = (text: string, f: () => void) => h('button', { type: 'button', onclick: f }, text)
      meta.append(h('span', { className: 'why' }, say))
      if (m!.bad !== 'too_long') meta.append(button(t.retry, () => this.client.retry(m!)))
      if (m!.bad) meta.append(button(t.remove, () => { this.input.value ||= m!.text; this.typed(); this.client.remove(m!) }))
    }
  }

  private ask(): HTMLElement {
    const { t, client } = this
    const name = h('input', { type: 'text', name: 'name', autocomplete: 'name', maxLength: 80, placeholder: t.name, dir: 'auto', 'aria-label': t.name })
    const email = h('input', { type: 'email', name: 'email', autocomplete: 'email', maxLength: 120, placeholder: t.email, dir: 'auto', 'aria-label': t.email })
    const done = () => { this.form = undefined; form.remove(); this.input.focus() }
    const form = h('form', {
      className: 'ask',
      onsubmit: (e: Event) => {
        e.preventDefault()
        client.me = { name: name.value.trim() || undefined, email: email.value.trim() || undefined }
        done()
      },
    }, h('b', {}, t.who), h('p', {}, t.whoHelp), name, email,
      h('div', {}, h('button', { type: 'submit', className: 'save' }, t.save), h('button', { type: 'button', onclick: () => { client.me = {}; done() } }, t.skip)))
    return form
  }
}

const initial = (s: string): string => [...s.trim()][0]?.toLocaleUpperCase() ?? ''

/** Whether white is the better text on this colour (#rgb or #rrggbb), by WCAG's relative luminance. */
function dark(color: string): boolean {
  const c = color.length === 4 ? color.replace(/[^#]/g, '$&$&') : color
  const [r, g, b] = [1, 3, 5].map(i => {
    const v = parseInt(c.slice(i, i + 2), 16) / 255
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.3
}
