import type { Client } from './client.ts'
import { fill, type Config, type Texts } from './config.ts'
import css from './style.css'
import { h, icon, shapes } from './elements.ts'
import { pieces } from './links.ts'
import type { FileView, Item, Out } from './protocol.ts'
import { ring } from './ring.ts'
import type { Store } from './store.ts'

/** The button, the window and all that is in it, in a shadow root of its own. */
export function show(client: Client, config: Config, prefs: Store, consented: () => void) {
  const t = config.texts
  const rtl = config.dir === 'rtl'
  const format = (o: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(config.locale, o)
  const clock = format({ hour: 'numeric', minute: '2-digit' })
  const dayOf = format({ weekday: 'long', day: 'numeric', month: 'long' })
  const soon = format({ weekday: 'long', hour: 'numeric', minute: '2-digit' })
  const number = new Intl.NumberFormat(config.locale, { maximumFractionDigits: 1 })
  const size = (n: number) => (n < 1e6 ? number.format(Math.ceil(n / 1024)) + ' KB' : number.format(n / 1048576) + ' MB')

  const rows = new Map<string, HTMLElement>()
  const drawn = new WeakMap<HTMLElement, string>()
  let hide = 0
  let boundary = 0
  let open = config.open
  let told = config.next

  // ---- what there is

  const plain = (text: string, onclick: () => void, className = '') => h('button', { type: 'button', className, onclick }, text)
  const yes = (text: string) => h('button', { type: 'submit', className: 'save' }, text)
  const button = (name: keyof Texts, shape: string, className: string, onclick: () => void) =>
    h('button', { type: 'button', className: 'icon ' + className, title: t[name], onclick }, icon(shape))

  const badge = h('span', { className: 'badge', hidden: true })
  const launcher = h('button', { type: 'button', className: 'launcher', 'aria-haspopup': 'dialog', onclick: () => (shown() ? close() : reveal()) },
    icon(shapes.chat), icon(shapes.down), ...(t.launcher ? [h('span', { className: 'label', dir: 'auto' }, t.launcher)] : []), badge)
  const peek = h('button', { type: 'button', className: 'peek', hidden: true, onclick: () => reveal() })
  const status = h('p', { className: 'status', role: 'status' })
  const notice = h('p', { className: 'notice', role: 'status', hidden: true })
  const sound = button('mute', shapes.sound, 'sound', () => { prefs.set('mute', !prefs.get('mute')); draw([]) })
  const typing = h('div', { className: 'typing', hidden: true }, h('span', { className: 'dots' }, h('i'), h('i'), h('i')), h('span'))
  const log = h('div', { className: 'log', tabIndex: 0, role: 'log', 'aria-live': 'polite', 'aria-label': t.messages })
  const newer = h('button', { type: 'button', className: 'newer', hidden: true, onclick: () => bottom() }, t.newer, icon(shapes.down))
  const input = h('textarea', {
    rows: 1, placeholder: t.write, dir: 'auto', 'aria-label': t.write,
    oninput: typed,
    onblur: () => client.typing(false),
    onpaste: (e: ClipboardEvent) => { if (attach(e.clipboardData?.files)) e.preventDefault() },
    onkeydown: (e: KeyboardEvent) => {
      // On a phone's keyboard Enter begins a line, as everywhere there.
      if (e.key === 'Enter' && !e.shiftKey && !e.isComposing && !matchMedia('(pointer: coarse)').matches) {
        e.preventDefault()
        send()
      }
    },
  })
  const submit = h('button', { type: 'submit', className: 'icon send', disabled: true, title: t.send }, icon(shapes.send))
  const picker = h('div', { className: 'picker', role: 'group', 'aria-label': t.emoji, hidden: true })
  const choose = h('input', { type: 'file', multiple: true, hidden: true, onchange: () => { attach(choose.files); choose.value = '' } })
  const smile = button('emoji', shapes.smile, 'smile', pick)
  const composer = h('form', { className: 'composer', onsubmit: (e: Event) => { e.preventDefault(); send() } },
    ...(config.max_file ? [button('attach', shapes.clip, 'clip', () => choose.click()), choose] : []), input, smile, submit)
  const panel = h('section', { className: 'panel', role: 'dialog', hidden: true, 'aria-labelledby': 'title' },
    h('header', {}, h('span', { className: 'face', 'aria-hidden': 'true' }, [...t.title.trim()][0]?.toLocaleUpperCase() ?? ''),
      h('div', { className: 'names' }, h('h2', { id: 'title', dir: 'auto' }, t.title), status),
      ...(config.sound ? [sound] : []), button('close', shapes.close, 'close', () => close())),
    notice, log, newer, picker, composer)
  const root = h('div', { className: 'root ' + config.side, dir: config.dir, lang: config.language }, panel, peek, launcher)

  log.append(bubble('welcome', 'agent', { text: t.welcome }), typing)
  const host = document.createElement('tamas-chat')
  const shadow = host.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet() // the page's policy need not allow inline styles
  sheet.replaceSync(css)
  shadow.adoptedStyleSheets = [sheet]
  shadow.append(root)
  for (const k in config.style) root.style.setProperty('--' + k, config.style[k])
  const night = matchMedia('(prefers-color-scheme: dark)')
  const tint = () => root.classList.toggle('dark', config.theme === 'dark' || (config.theme === 'auto' && night.matches))
  tint()
  // Frameworks replace the body; what is beside it stays.
  document.documentElement.append(host)

  const must = config.ask.some(f => f.props.required)
  let form = config.ask.length && !client.me && !client.signedIn ? ask() : undefined
  if (form) typing.before(form)

  // ---- what the visitor does

  night.onchange = tint
  document.addEventListener('visibilitychange', look)
  addEventListener('focus', look)
  panel.ondragover = panel.ondragleave = panel.ondrop = e => {
    const over = e.type === 'dragover' && !!config.max_file
    panel.classList.toggle('drop', over)
    if (over || attach(e.dataTransfer?.files)) e.preventDefault()
  }
  root.onkeydown = key
  log.onscroll = () => { if (atBottom()) newer.hidden = true }
  // The keyboard of a phone covers the page; the window ends above it.
  window.visualViewport?.addEventListener('resize', () => {
    root.style.setProperty('--height', visualViewport!.height + 'px')
    if (atBottom()) bottom()
  })
  input.value = client.store.get('x') ?? ''
  client.changed = draw
  typed()
  draw([])

  return {
    open: reveal,
    /** Closes the window; for good: takes all off the page. Tells whether it was open. */
    close: (forGood?: boolean): boolean => {
      const was = shown()
      close()
      if (forGood) {
        client.changed = () => {}
        client.stop()
        clearTimeout(boundary)
        entitle(0)
        host.remove()
      }
      return was
    },
  }

  function shown(): boolean {
    return !panel.hidden
  }

  function reveal(): void {
    if (shown()) return
    panel.hidden = false
    root.classList.add('open')
    client.start()
    draw([])
    bottom()
    const first = form?.querySelector<HTMLElement>('input, textarea')
    ;(composer.hidden && first ? first : input).focus({ preventScroll: true })
    look()
  }

  function close(): void {
    if (!shown()) return
    panel.hidden = picker.hidden = true
    root.classList.remove('open')
    draw([])
    launcher.focus({ preventScroll: true })
  }

  function send(): void {
    const text = input.value.trim()
    if (!text) return
    input.value = ''
    typed()
    client.send(text)
    bottom()
    input.focus({ preventScroll: true })
  }

  function attach(files?: FileList | null): boolean {
    if (!files?.length || !config.max_file || composer.hidden) return false
    for (const f of files) client.send('', f)
    bottom()
    return true
  }

  function typed(): void {
    const text = input.value
    submit.disabled = !text.trim()
    input.style.height = 'auto'
    if (shown()) input.style.height = Math.min(input.scrollHeight + 2, 132) + 'px' // with its border
    if (text !== (client.store.get('x') ?? '')) {
      client.store.set('x', text)
      if (text) client.typing(true)
    }
  }

  function pick(): void {
    if (!picker.firstChild) {
      for (const e of t.smileys.split(' ')) {
        picker.append(plain(e, () => { input.setRangeText(e, input.selectionStart, input.selectionEnd, 'end'); typed(); pick() }))
      }
    }
    picker.hidden = !picker.hidden
    if (picker.hidden) input.focus()
    else (picker.firstChild as HTMLElement).focus()
  }

  function key(e: KeyboardEvent): void {
    e.stopPropagation() // a shop's own shortcuts are not meant by what is written here
    if (!shown()) return
    const active = shadow.activeElement as HTMLElement
    if (e.key === 'Escape') {
      if (picker.hidden) close()
      else pick()
    } else if (e.key === 'Tab') {
      const stops = [...panel.querySelectorAll<HTMLElement>('button, a, input, textarea, audio, video, [tabindex]')].filter(x => x.offsetParent && !(x as HTMLButtonElement).disabled)
      const now = stops.indexOf(active)
      if (e.shiftKey ? now <= 0 : now < 0 || now === stops.length - 1) {
        e.preventDefault()
        stops[e.shiftKey ? stops.length - 1 : 0].focus()
      }
    } else if (picker.contains(active) && e.key.startsWith('Arrow')) {
      e.preventDefault()
      const to = (e.key === 'ArrowDown' || e.key === (rtl ? 'ArrowLeft' : 'ArrowRight') ? active.nextElementSibling : active.previousElementSibling) as HTMLElement | null
      to?.focus()
    }
  }

  // look: what can be seen now counts as read, a moment later, if it can still be seen.
  function look(): void {
    if (visible() && client.unread.length) setTimeout(() => { if (visible()) client.read() }, 1000)
  }

  function visible(): boolean {
    return shown() && document.visibilityState === 'visible'
  }

  function atBottom(): boolean {
    return log.scrollHeight - log.scrollTop - log.clientHeight < 60
  }

  function bottom(): void {
    log.scrollTop = log.scrollHeight
    newer.hidden = true
  }

  // ---- what is shown

  function draw(fresh: Item[]): void {
    const stick = atBottom()
    const { state, typist } = client
    status.dataset.state = state
    status.textContent = state === 'idle' ? '' : t[state]
    const said = stands()
    notice.hidden = !said
    if (notice.textContent !== said) notice.textContent = said
    arrange()

    typing.hidden = typist === undefined
    if (typist !== undefined) typing.lastElementChild!.textContent = fill(t.typing, typist || t.agent)
    if (client.me) form = void form?.remove()
    composer.hidden = !!form && must
    const draft = client.store.get<string>('x') ?? ''
    if (draft !== input.value && !(document.hasFocus() && shadow.activeElement === input)) {
      input.value = draft // from another tab
      typed()
    }

    const muted = !!prefs.get('mute')
    sound.replaceChildren(icon(muted ? shapes.mute : shapes.sound))
    sound.title = muted ? t.unmute : t.mute

    const all = client.unread.length
    const unread = shown() ? 0 : all
    badge.hidden = !unread
    badge.textContent = number.format(unread)
    const label = shown() ? t.close : unread ? fill(t.unread, number.format(unread)) : t.launcher || t.open
    launcher.setAttribute('aria-label', label)
    launcher.setAttribute('aria-expanded', String(shown()))
    entitle(visible() ? 0 : all)

    if (fresh.length) {
      const last = fresh[fresh.length - 1]
      if (visible()) {
        look()
      } else {
        setTimeout(() => { if (!visible()) client.delivered(fresh) }, 1000)
        // The tab that is first to hear it rings.
        if (config.sound && !muted && client.store.get('b') !== last.id) ring()
      }
      client.store.set('b', last.id)
      if (unread) {
        peek.replaceChildren(h('b', { dir: 'auto' }, last.name || t.title), h('span', { dir: 'auto' }, last.text || last.files?.[0]?.name || ''))
        peek.hidden = false
        clearTimeout(hide)
        hide = setTimeout(() => (peek.hidden = true), 12_000)
      }
    }
    if (!unread) peek.hidden = true
    if (shown()) {
      if (stick) bottom()
      else if (fresh.length) newer.hidden = false
    }
  }

  /** What a visitor who waits is told: only what is known. */
  function stands(): string {
    const s = client.standing
    if (s) {
      open = s.open
      told = s.next
    }
    clearTimeout(boundary)
    if (told) boundary = setTimeout(() => { open = !open; told = undefined; client.standing = undefined; draw([]) }, Math.min(Math.max(told - Date.now(), 0) + 1000, 2 ** 31 - 1))
    if (s?.status === 'active') return s.agent ? fill(t.with, s.agent) : ''
    if (!open) return told ? fill(t.closed, soon.format(told)) : t.closed_long
    if (s?.status !== 'waiting') return ''
    if (!s.staffed) return t.unstaffed
    return [s.position && fill(t.place, number.format(s.position)), s.wait && fill(t.wait, number.format(Math.ceil(s.wait / 60)))].filter(Boolean).join(' ')
  }

  /** Puts the number of unread messages before the page's title, whatever that is by now. */
  function entitle(n: number): void {
    const plain = document.title.replace(/^\(\S+\) /, '')
    const title = n ? `(${number.format(n)}) ${plain}` : plain
    if (document.title !== title) document.title = title
  }

  /** Brings the rows of the log in line with what the client holds; a row stays the same element by its key. */
  function arrange(): void {
    const want: [string, () => HTMLElement][] = []
    let day = ''
    let before: Partial<Item> | undefined
    for (const m of [...client.items, ...client.outbox]) {
      const item = 'kind' in m ? m : undefined
      const at = new Date(m.at ?? 0)
      const d = dayOf.format(at)
      if (d !== day) {
        want.push(['day ' + d, () => h('div', { className: 'day' }, d)])
        before = undefined
      }
      day = d
      const from = item?.from ?? 'customer'
      const first = !before || (before.from ?? 'customer') !== from || (before.name || '') !== (item?.name || '') || (m.at ?? 0) - (before.at ?? 0) >= 300_000
      // A message keeps its row when it turns from waiting into history; one that was changed gets another.
      const id = (from === 'customer' ? 'k' + (m.key || item!.id) : 'i' + item!.id) + (item?.edited ? ' ' + item.text : '') + (item?.deleted ? ' -' : m.files ? ' +' : '')
      want.push([id, () => bubble(id, from, m, at, first && item && from !== 'customer' ? item.name || (from === 'agent' ? t.agent : '') : '')])
      const row = rows.get(id) ?? want[want.length - 1][1]()
      rows.set(id, row)
      row.classList.toggle('first', first)
      if (from === 'customer') mark(row, item ? undefined : (m as Out))
      before = m
    }
    const end = ended()
    if (end) want.push(['rate ' + end, () => rating(end)])
    if (config.visits === 'ask' && prefs.get('consent') === undefined && shown() && !form) want.push(['visits', consent])
    const s = client.standing
    if (s?.over && s.mail) want.push(['mail', mail])
    if (s?.later) want.push(['later ' + s.later_on, later])
    const keep = new Set(want.map(w => w[0]))
    for (const [k, row] of rows) {
      if (!keep.has(k)) {
        row.remove()
        rows.delete(k)
      }
    }
    // Only what is out of place moves, so that screen readers hear what is new and nothing else.
    let at: Element | null = typing
    for (const [k, make] of want.reverse()) {
      const row = rows.get(k) ?? make()
      rows.set(k, row)
      if (row.nextElementSibling !== at) log.insertBefore(row, at)
      at = row
    }
  }

  function bubble(id: string, from: string, m: Partial<Item & Out>, at?: Date, author = ''): HTMLElement {
    const row = h('div', { className: 'row ' + (from === 'customer' ? 'mine' : from === 'system' ? 'system' : 'theirs') })
    row.dataset.id = id
    if (author) row.append(h('div', { className: 'author', dir: 'auto' }, author))
    const quoted = m.reply_to && client.items.find(i => i.id === m.reply_to)
    const text = m.deleted ? t.deleted : m.text
    if (text) {
      const body = h('div', { className: 'text', dir: 'auto' })
      for (const p of pieces(text)) {
        body.append(p.href ? h('a', { href: p.href, target: '_blank', rel: 'noreferrer nofollow', dir: 'ltr' }, p.text) : p.text)
      }
      row.append(h('div', { className: 'bubble' + (m.deleted ? ' gone' : '') }, ...(quoted ? [h('blockquote', { dir: 'auto' }, quoted.text || quoted.files?.[0]?.name || '')] : []), body))
    }
    for (const f of m.files ?? []) row.append(attachment(f))
    if (m.file && !m.files) row.append(h('div', { className: 'file' }, icon(shapes.file), h('span', {}, h('bdi', {}, m.file.name), h('progress', { 'aria-label': t.sending }))))
    if (at) {
      const time = h('time', { title: at.toLocaleString(config.locale) }, clock.format(at))
      row.append(h('div', { className: 'meta' }, h('span', {}, time, m.edited ? ' · ' + t.edited : '')))
    }
    return row
  }

  /** A file: a picture is shown, sound and film are played when asked for, all else is saved. */
  function attachment(f: FileView): HTMLElement {
    const name = f.name || f.type
    const card = h('button', { type: 'button', className: 'file', onclick: () => fetched(true) }, icon(shapes.file), h('span', {}, h('bdi', {}, name), h('small', {}, f.missing ? t.missing : size(f.size))))
    const kind = f.type.split('/')[0]
    const fetched = (asked: boolean) =>
      client.open(f).then(src => {
        const media = kind === 'image' ? h('img', { src, alt: name }) : kind === 'audio' || kind === 'video' ? h(kind, { src, controls: true }) : undefined
        const save = () => { h('a', { href: src, download: name }).click() }
        if (!media) return save()
        // A page's policy may forbid pictures from its memory; then there is the card.
        media.onerror = () => { (media.parentElement === shown ? shown : media).replaceWith(card); card.onclick = save }
        const shown = kind === 'image' ? h('button', { type: 'button', className: 'picture', title: name, onclick: save }, media) : media
        const stick = atBottom()
        media.onload = () => { if (stick) bottom() }
        card.replaceWith(shown)
      }, () => { if (asked) card.querySelector('small')!.textContent = t.missing })
    if (f.missing) card.disabled = true
    else if (kind === 'image' && f.size < 5e6) setTimeout(fetched, 0, false)
    return card
  }

  /** Shows what became of one of the visitor's own messages; no Out: it is in the record. */
  function mark(row: HTMLElement, m?: Out): void {
    const bar = row.querySelector('progress')
    if (bar && m?.done !== undefined) bar.value = m.done
    const state = !m || m.sent ? 'sent' : m.bad ? 'bad' : m.failed ? 'failed' : 'sending'
    if (drawn.get(row) === state + m?.bad) return
    drawn.set(row, state + m?.bad)
    row.dataset.state = state
    const meta = row.querySelector('.meta')!
    while (meta.children.length > 1) meta.lastChild!.remove()
    if (state === 'sent' || state === 'sending') {
      meta.append(h('span', { className: 'sign', role: 'img', title: t[state] }, icon(state === 'sent' ? shapes.sent : shapes.clock)))
      return
    }
    const why = m!.bad ?? 'failed'
    meta.append(h('span', { className: 'why' }, fill(t[why as keyof Texts] ?? t.invalid, size(config.max_file))))
    if (!why.startsWith('too_')) meta.append(plain(t.retry, () => client.retry(m!)))
    if (m!.bad) meta.append(plain(t.remove, () => { input.value ||= m!.text; typed(); client.remove(m!) }))
  }

  // ---- what the visitor is asked

  function ask(): HTMLElement {
    const fields = config.ask.map(f => h('label', {}, f.label, h(f.tag, f.props)))
    const done = (me: Record<string, string>) => {
      const question = me.question
      delete me.question
      form = void form?.remove()
      client.me = me
      if (question) client.send(question)
      input.focus()
    }
    return h('form', {
      className: 'ask',
      onsubmit: (e: Event) => {
        e.preventDefault()
        done(Object.fromEntries([...new FormData(e.target as HTMLFormElement)].map(([k, v]) => [k, String(v).trim()]).filter(x => x[1])))
      },
    }, h('b', {}, t.who), h('p', {}, t.who_help), ...fields, h('div', {}, yes(t.save), ...(must ? [] : [plain(t.skip, () => done({}))])))
  }

  /** The last answer of a conversation that has ended and was not rated; the rating is asked for once. */
  function ended(): string | undefined {
    const s = client.standing
    if (!config.rating || !s?.over) return
    const last = client.items.filter(i => i.from === 'agent').pop()?.id
    return last && client.store.get('q') !== last ? last : undefined
  }

  function rating(last: string): HTMLElement {
    let score = 0
    const text = h('input', { maxLength: 2000, dir: 'auto', placeholder: t.comment })
    const more = h('div', { className: 'more', hidden: true }, text, yes(t.send))
    const stars = [1, 2, 3, 4, 5].map(n => {
      return h('button', {
        type: 'button', className: 'star', title: fill(t.stars, number.format(n)), 'aria-pressed': 'false',
        onclick: () => {
          score = n
          stars.forEach((s, i) => s.setAttribute('aria-pressed', String(i < n)))
          more.hidden = false
          bottom()
        },
      }, '★')
    })
    const done = () => { client.store.set('q', last); draw([]) }
    const box = h('form', {
      className: 'ask rate',
      onsubmit: async (e: Event) => {
        e.preventDefault()
        if (!score || !(await client.rate(last, score, text.value.trim()))) return
        box.replaceChildren(h('b', { role: 'status' }, t.thanks))
        setTimeout(done, 4000)
      },
    }, h('b', {}, t.rate), h('div', {}, ...stars), more, plain(t.skip, done))
    return box
  }

  function mail(): HTMLElement {
    const b = plain(t.mail, async () => { b.textContent = (await client.mail()) ? t.mailed : t.failed }, 'mail')
    return b
  }

  /** Who waits may be answered elsewhere; once that is chosen it is only said. */
  function later(): HTMLElement {
    const s = client.standing!
    const why = h('p', {}, s.later_on ? t.later_done : t.later)
    const to = h('input', { required: true, dir: 'auto', placeholder: t.later_to })
    const box = h('form', { className: 'ask', onsubmit: (e: Event) => { e.preventDefault(); go(to.value) } }, why)
    const go = async (v: string) => {
      const { link } = await client.later(v)
      why.textContent = link == null ? t.later_bad : t.later_done
      if (link) box.append(h('a', { href: link, target: '_blank' }, link))
    }
    if (!s.later_on) box.append(to, h('div', {}, yes(t.send), ...(/tele/.test(s.later!) ? [plain('Telegram', () => go('telegram'))] : [])))
    return box
  }

  function consent(): HTMLElement {
    const say = (yes: boolean) => () => { prefs.set('consent', yes); draw([]); consented() }
    return h('div', { className: 'ask' }, h('p', {}, t.visits),
      h('div', {}, plain(t.yes, say(true), 'save'), plain(t.no, say(false))))
  }
}
