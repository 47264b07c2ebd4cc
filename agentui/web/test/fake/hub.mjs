// A stand-in for the hub that speaks its HTTP and live protocol from memory: for looking at the app and
// for its browser tests. Nothing here decides anything; the real rules are the hub's.
import { randomBytes } from 'node:crypto'
import { asks, colleagues } from './colleagues.mjs'
import { answers, canned, everything, kinds, lines, mail, people, users } from './seed.mjs'

const minute = 60_000
const random = (seed) => () => ((seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648)

export class Hub {
  constructor({ size = 'little', locale = 'en', record = true } = {}) {
    Object.assign(this, { n: 0, events: [], conversations: new Map(), touches: new Map(), customers: new Map(), identities: new Map(), sockets: new Set(), keys: new Map(), recordUp: record, recorded: '' })
    const now = Date.now()
    this.firm = { name: locale === 'fa' ? 'فروشگاه نیلوفر' : 'Lotus & Co.', locale, timezone: 'Asia/Tehran', color: '#11757c', about: '', country: '', version: 1 }
    this.users = users.map(([id, name, role], i) => ({ id, name, role, email: `${name.split(' ')[0].toLowerCase()}@example.com`, public_name: name.split(' ')[0], locale: i ? locale : locale, capacity: 6, version: 1, created_at: now - 90 * 86400e3 }))
    this.queues = size === 'empty' ? [{ id: 'q1', name: locale === 'fa' ? 'عمومی' : 'General', mode: 'offer', offer_seconds: 30, target_seconds: 20, routing: {}, members: [], version: 1 }]
      : [['q1', locale === 'fa' ? 'عمومی' : 'General'], ['q2', locale === 'fa' ? 'فروش' : 'Sales'], ['q3', locale === 'fa' ? 'پشتیبانی فنی' : 'Technical']].map(([id, name], i) => ({ id, name, mode: ['offer', 'push', 'pull'][i], offer_seconds: 30, target_seconds: 60, wrap_up_seconds: 0, routing: {}, members: ['u1', 'u2', 'u3', 'u5', 'u6'].slice(0, 5 - i), version: 1 }))
    if (size === 'empty') this.users.length = 1
    if (size === 'much') this.crowd()
    this.accounts = size === 'empty' ? [] : kinds.map((k, i) => ({ id: `a${i + 1}`, kind: k.name, name: [this.firm.name, '@lotus_bot', 'support@example.com', '+98 21 9100 0000'][i], queue: 'q1', reopen_hours: 72, units: 0, enabled: i < 4, settings: i ? {} : { origins: ['https://shop.example'] }, secrets_set: i ? ['password'] : [], version: 1, created_at: now, webhook_url: `http://127.0.0.1:8080/hooks/a${i + 1}/`, health: { detail: '', backlog: 0, ...[{ state: 'connected', heard_at: now - 4000 }, { state: 'connected', heard_at: now - 12000 }, { state: 'refused', detail: 'login refused: AUTHENTICATIONFAILED', heard_at: now - 3600e3 }, { state: 'connecting', heard_at: now - 50000 }][i] } }))
    this.canned = size === 'empty' ? [] : canned.map(([shortcut, title, text], i) => ({ id: `k${i}`, shortcut, title, text, version: 1 }))
    this.tokens = []
    this.uploads = new Map()
    this.alerts = size === 'little' ? [{ id: 'al1', kind: 'refused', account: 'a3', since: now - 52 * minute, text: 'support@example.com has been refused for 52 minutes: AUTHENTICATIONFAILED', text_fa: 'support@example.com از ۵۲ دقیقه پیش پذیرفته نمی‌شود: AUTHENTICATIONFAILED' }] : []
    this.agents = new Map(this.users.map((u, i) => [u.id, { id: u.id, version: 1, state: ['available', 'available', 'break', 'busy', 'not_responding', 'offline'][i % 6], reason: i === 2 ? (locale === 'fa' ? 'ناهار' : 'Lunch') : '', since: now - i * 7 * minute - 90_000, held: {} }]))
    this.seed({ empty: 0, little: 14, much: 10_000 }[size], now)
    if (size === 'little') colleagues(this, ...[3, 5].map((i) => [...this.conversations.values()][i]))
    this.recorded = this.id()
  }

  /** A large firm: twelve queues, sixty people, some with long names. */
  crowd() {
    const fa = this.firm.locale === 'fa'
    for (let i = 4; i <= 12; i++) this.queues.push({ ...this.queues[0], id: `q${i}`, name: i === 5 ? (fa ? 'پشتیبانی مشتریان سازمانی و قراردادهای بلندمدت' : 'Enterprise customers and long-term contracts') : `${fa ? 'صف' : 'Queue'} ${i}`, members: [] })
    for (let i = 7; i <= 60; i++) {
      const id = `u${i}`
      this.users.push({ ...this.users[1], id, name: i === 9 ? 'Maximiliane von Hohenberg-Lichtenstein' : `${fa ? 'کارشناس' : 'Agent'} ${i}`, email: `agent${i}@example.com` })
      this.queues[i % 12].members.push(id)
    }
  }

  id() { return `${this.n}-${this.n ? BigInt('0x' + (this.token ?? '1')).toString() : 1}` }
  /** A file as a message names it. */
  file(x, i) {
    if (Array.isArray(x)) return { name: `IMG_20${31 + i}.jpg`, type: 'image/png', kind: 'image', size: x[0] * x[1], blob: 'b', width: x[0], height: x[1] }
    return {
      voice: { name: 'voice.ogg', type: 'audio/ogg', kind: 'voice', size: 64000, blob: 'b', duration: 8 },
      pdf: { name: 'فاکتور رسمی ۱۴۰۵-۰۳۱۱ (نسخهٔ اصلاح‌شده).pdf', type: 'application/pdf', kind: 'file', size: 248_000, blob: 'b' },
      sheet: { name: 'positions.xlsx', type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', kind: 'file', size: 18_400, blob: 'b' },
      zip: { name: 'logs-2026-11-21.zip', type: 'application/zip', kind: 'file', size: 3_400_000, blob: 'b' },
      missing: { name: 'unboxing.mov', type: 'video/quicktime', kind: 'video', missing: 'larger than 25 MB' },
      cid: { name: 'stamp.png', type: 'image/png', kind: 'image', size: 9000, blob: 'b', cid: 'stamp@x', width: 240, height: 120 },
    }[x]
  }

  everything(c, at) {
    const named = {}
    everything.forEach((x, i) => {
      const author = x.inbound ? { kind: 'customer' } : { kind: 'agent', id: 'u1' }
      const t = this.put(c, { inbound: x.inbound, kind: x.kind ?? 'message', text: x.edits ? x.edits[0] : x.text, at: at + i * 20e3, author, state: x.inbound ? 'received' : x.state, error: x.state === 'uncertain' ? 'no answer from the provider' : undefined })
      Object.assign(t, { reply_to: named[x.quotes]?.id, auto_reply: x.auto, spam: x.spam, unreadable: x.unreadable, score: x.score, retry_at: x.retry ? Date.now() + 4 * minute : undefined, rev: 5 })
      t.body.files = x.files?.map((f, k) => this.file(f, k))
      if (x.as) named[x.as] = t
      if (x.edits) Object.assign(this.put(c, { inbound: true, kind: 'edit', text: x.text, at: at + i * 20e3 + 9e3, author, state: 'received' }), { of: t.id })
      if (x.gone) Object.assign(this.put(c, { inbound: true, kind: 'deletion', text: '', at: at + i * 20e3 + 9e3, author, state: 'received' }), { of: t.id, body: undefined })
    })
  }

  next() { this.n++; this.token = randomBytes(8).toString('hex'); return this.id() }

  seed(count, now) {
    const rnd = random(7)
    for (let i = 0; i < count; i++) {
      const [name, channel, address] = people[i % people.length]
      const extra = i >= people.length ? ` ${Math.floor(i / people.length) + 1}` : ''
      const identity = this.identity(channel, address + extra.trim(), name && name + extra)
      const status = i < 14 ? ['active', 'active', 'waiting', 'active', 'waiting', 'active', 'active', 'waiting', 'active', 'resolved', 'active', 'waiting', 'active', 'resolved'][i] : ['active', 'waiting', 'resolved', 'resolved', 'snoozed'][Math.floor(rnd() * 5)]
      const owner = status === 'waiting' ? undefined : i < 14 ? ['u1', 'u1', '', 'u1', '', 'u2', 'u1', '', 'u1', 'u2', 'u1', '', 'u2', 'u1'][i] : this.users[Math.floor(rnd() * this.users.length)].id
      const at = now - (i < 14 ? [1, 3, 9, 26, 2, 70, 300, 14, 45, 1500, 190, 31, 4000, 7000][i] * minute : 5000 * minute + i * 3 * minute)
      const c = this.begin(identity, { at: at - 5 * minute, queue: this.queues[i % this.queues.length].id })
      const isMail = channel === 'email'
      const size = i === 0 ? 9 : 1 + Math.floor(rnd() * 4)
      for (let j = 0; j < size; j++) {
        const inbound = j === 0 || j === size - 1 ? !(status === 'resolved' && j) : j % 2 === 0
        const text = inbound ? (isMail && j === 0 ? mail : lines[(i + j * 3) % lines.length]) : answers[(i + j) % answers.length]
        this.put(c, { inbound, text, at: at - (size - 1 - j) * 3 * minute, subject: isMail && j === 0 ? 'Wrong VAT number on invoice 2026-0311' : '', author: inbound ? { kind: 'customer' } : { kind: 'agent', id: owner ?? 'u2' }, state: inbound ? 'received' : ['delivered', 'sent', 'read'][j % 3] })
      }
      if (i === 0) {
        this.put(c, { inbound: false, kind: 'note', text: 'Third time this week. Asked the carrier, waiting for their call.', at: at - minute, author: { kind: 'agent', id: 'u4' }, state: '' })
        this.put(c, { inbound: false, text: 'یک لحظه لطفاً، دارم بررسی می‌کنم.', at: at - 30e3, author: { kind: 'agent', id: 'u1' }, state: 'failed', error: 'blocked by the recipient' })
        this.put(c, { inbound: true, text: lines[2], at, author: { kind: 'customer' }, state: 'received' })
      }
      if (i === 10) Object.assign(this.identities.get(c.identity), { unreachable: 'no such mailbox (550 5.1.1)', unreachable_at: at })
      if (i === 6) Object.assign(this.identities.get(c.identity), { consent: 'stop', consent_at: at })
      if (i === 8) this.everything(c, at - 6 * minute)
      if (isMail) {
        const first = this.touches.get(c.id)[0]
        Object.assign(first.body, { has_html: true, remote_images: 2, files: [this.file('pdf'), this.file('cid')], envelope: { from: `${name} <${address}>`, to: ['Support <support@example.com>'], cc: ['Buchhaltung <buchhaltung@mueller.example>', 'accountant@example.net'] } })
      }
      Object.assign(c, { status, owner, unread: status === 'active' ? [2, 0, 0, 1][i % 4] : 0, tags: [['vip', 'delivery'], [], ['billing'], ['تحویل']][i % 4], priority: i === 4 ? 10 : 0, waiting_since: status === 'waiting' ? at : 0, snoozed_until: status === 'snoozed' ? now + 3 * 3600e3 : 0, unanswered: status === 'waiting' || i % 2 === 0 ? at : 0, version: 5 })
      if (status === 'active' && owner) this.agents.get(owner).held[c.id] = 1
    }
  }

  identity(channel, address, name) {
    const id = `i_${channel}_${address}`
    if (!this.identities.has(id)) {
      this.identities.set(id, { id, customer: 'c_' + id, channel, address, name })
      this.customers.set('c_' + id, { id: 'c_' + id, name: name ?? '', created_at: Date.now() - 40 * 86400e3, version: 1 })
    }
    return this.identities.get(id)
  }

  begin(identity, { at, queue }) {
    const id = 'c' + randomBytes(8).toString('hex')
    const account = this.accounts.find((a) => a.kind === identity.channel) ?? { id: 'a1' }
    const c = { id, number: 1001 + this.conversations.size, version: 1, identity: identity.id, account: account.id, channel: identity.channel, thread: identity.address, queue, status: 'waiting', units: 1, created_at: at, waiting_since: at, last_message_at: at }
    this.conversations.set(id, c)
    this.touches.set(id, [])
    return c
  }

  put(c, { inbound, text, at, author, state, subject = '', kind = 'message', key, error, event = false }) {
    if (!event) this.next()
    const t = { id: randomBytes(8).toString('hex'), n: this.n, kind, conversation: c.id, identity: c.identity, account: c.account, channel: c.channel, inbound, author, at, state, rev: 1, key, error, body: { text, subject } }
    this.touches.get(c.id).push(t)
    c.last_message_at = at
    c.last_message = t.id
    if (inbound) c.last_inbound_at = at
    return t
  }

  view(c) {
    const identity = this.identities.get(c.identity)
    const list = this.touches.get(c.id)
    const last = list.at(-1)
    return { ...c, customer: { id: identity.customer, name: this.customers.get(identity.customer).name }, address: identity.address, subject: list[0]?.body?.subject ?? '', preview: last && { text: (last.body?.text ?? '').slice(0, 160), inbound: last.inbound, author: last.author, kind: last.kind } }
  }

  // emit appends an event and tells every socket; it is recorded a moment later.
  emit(kind, { by, c, touch, agents, key, topic, reason } = {}) {
    if (c) c.version++
    const id = this.id()
    const event = { v: 1, id, kind, at: Date.now(), by, key, reason, topic, conversation: c && { ...c }, agents: agents?.map((a) => ({ ...a })), touch: touch && { ...touch }, identity: kind === 'message.received' ? this.identities.get(c.identity) : undefined }
    this.events.push(event)
    this.say({ t: 'event', id, event })
    setTimeout(() => { this.recorded = id; this.say({ t: 'recorded', id }) }, 15)
    return event
  }

  say(...items) { for (const s of this.sockets) s.send(JSON.stringify(items)) }

  inbound(identity, text) {
    this.next()
    let c = [...this.conversations.values()].findLast((x) => x.identity === identity.id && x.status !== 'resolved')
    c ??= this.begin(identity, { at: Date.now(), queue: 'q1' })
    const touch = this.put(c, { inbound: true, text, at: Date.now(), author: { kind: 'customer' }, state: 'received', event: true })
    c.unread = (c.unread ?? 0) + 1
    c.unanswered ||= Date.now()
    this.emit('message.received', { by: { kind: 'customer' }, c, touch })
    return c
  }

  offer(c, agent) {
    this.next()
    Object.assign(c, { status: 'offered', offered_to: agent, offer_until: Date.now() + 30_000 })
    const a = this.agents.get(agent)
    a.version++
    a.held[c.id] = c.units
    this.emit('conversation.offered', { by: { kind: 'system', id: 'router' }, c, agents: [a], reason: { code: 'longest_idle', candidates: [agent] } })
  }

  act(user, id, action, body, key) {
    const c = this.conversations.get(id)
    if (!c) throw { status: 404, code: 'not_found', message: 'There is no such conversation.' }
    if (!this.recordUp) throw { status: 503, code: 'not_recorded', message: 'Not recorded in time.' }
    if (key && this.keys.has(key)) return this.keys.get(key)
    const by = { kind: 'agent', id: user.id }
    const a = this.agents.get(user.id)
    let kind = 'conversation.changed', touch, agents
    const take = (owner) => { Object.assign(c, { status: 'active', owner, offered_to: '', offer_until: 0, waiting_since: 0 }); this.hold(owner, c); agents = [this.agents.get(owner)] }
    this.next()
    switch (action) {
      case 'reply': case 'note':
        if (!body.text?.trim() && !body.files?.length && !body.forward) throw { status: 422, code: 'invalid', field: 'text', message: 'The message is empty.' }
        if (action === 'reply' && c.status !== 'active') take(user.id)
        touch = this.put(c, { inbound: false, kind: action === 'note' ? 'note' : 'message', text: body.text, at: Date.now(), author: by, state: action === 'note' ? '' : 'queued', key, event: true })
        Object.assign(touch, { reply_to: body.reply_to })
        Object.assign(touch.body, { subject: body.subject ?? '', forward: body.forward, envelope: body.envelope, files: body.files?.map((f) => this.uploads.get(f).file) })
        kind = action === 'note' ? 'note.added' : 'message.queued'
        if (action === 'reply') { c.unanswered = 0; this.deliver(touch) }
        break
      case 'accept': if (c.offered_to !== user.id) throw { status: 409, code: 'conflict', message: 'The offer has run out.', conversation: c }; kind = 'conversation.accepted'; take(user.id); break
      case 'decline': kind = 'conversation.declined'; Object.assign(c, { status: 'waiting', offered_to: '', offer_until: 0 }); delete a.held[id]; a.version++; agents = [a]; break
      case 'claim': kind = 'conversation.accepted'; take(user.id); break
      case 'assign': kind = 'conversation.assigned'; this.drop(c); take(body.agent); break
      case 'transfer': kind = 'conversation.transferred'; this.drop(c); if (body.agent) take(body.agent); else Object.assign(c, { status: 'waiting', owner: undefined, queue: body.queue, waiting_since: c.created_at }); break
      case 'snooze': kind = 'conversation.snoozed'; Object.assign(c, { status: 'snoozed', snoozed_until: body.until }); break
      case 'wake': kind = 'conversation.woken'; Object.assign(c, { status: 'active', snoozed_until: 0 }); break
      case 'resolve': kind = 'conversation.resolved'; Object.assign(c, { status: 'resolved', resolved_at: Date.now(), unread: 0 }); this.drop(c); agents = c.owner ? [this.agents.get(c.owner)] : []; break
      case 'reopen': kind = 'conversation.reopened'; Object.assign(c, { resolved_at: 0 }); take(c.owner ?? user.id); break
      case 'tags': c.tags = body.tags; break
      case 'priority': c.priority = body.priority; break
      case 'read': c.unread = 0; break
      default: throw { status: 404, code: 'not_found', message: 'No such action.' }
    }
    const e = this.emit(kind, { by, c, touch, agents, key })
    const answer = { event_id: e.id, conversation: { ...c }, touch }
    if (key) this.keys.set(key, answer)
    return answer
  }

  hold(agent, c) { const a = this.agents.get(agent); a.held[c.id] = c.units; a.version++ }
  drop(c) { const a = this.agents.get(c.owner); if (a) { delete a.held[c.id]; a.version++ } }

  deliver(touch) {
    const step = (state, rev, after) => setTimeout(() => { Object.assign(touch, { state, rev }); this.next(); const { body: _, ...bare } = touch; this.emit('touch.state', { by: { kind: 'system', id: 'channel' }, touch: bare }) }, after)
    step('sending', 2, 300); step('sent', 3, 700); step('delivered', 4, 1500)
  }

  counts(user) {
    const out = { mine: 0, mine_unread: 0, asked: 0, waiting: 0, all_open: 0, queues: {}, at: this.id() }
    for (const c of this.conversations.values()) {
      if (c.status === 'resolved') continue
      out.all_open++
      if (c.owner === user.id) { out.mine++; out.mine_unread += c.unread ?? 0 }
      if (c.status === 'waiting' || c.status === 'offered') { out.waiting++; out.queues[c.queue] = (out.queues[c.queue] ?? 0) + 1 }
    }
    return out
  }

  list(user, q) {
    const waiting = q.list === 'waiting'
    const rank = (c) => (waiting ? -c.waiting_since : c.last_message_at)
    const limit = Number(q.limit) || 50
    const all = [...this.conversations.values()].filter((c) => (q.list !== 'mine' || (c.owner === user.id && c.status !== 'resolved')) && (!waiting || c.status === 'waiting' || c.status === 'offered') && (!q.queue || c.queue === q.queue) && (!q.channel || c.channel === q.channel) && (!q.tag || c.tags?.includes(q.tag)) && (!q.status || (q.status === 'open' ? c.status !== 'resolved' : c.status === q.status))).sort((a, b) => rank(b) - rank(a))
    const from = Number(q.before) || 0
    return { items: all.slice(from, from + limit).map((c) => this.view(c)), next: from + limit < all.length ? String(from + limit) : '', at: this.id() }
  }

  health() {
    const now = Date.now()
    return this.accounts.map((a, i) => ({ account: a.id, ...a.health, ...[
      { connected_at: now - 9 * 3600e3, backlog: 0, queued: 0, failed_today: 0, errors: [] },
      { connected_at: now - 40 * minute, backlog: 3, queued: 12, failed_today: 2, limited_until: now + 3 * minute, errors: [{ at: now - 20 * minute, count: 1, text: 'Too Many Requests: retry after 180', do: 'Nothing: it goes on by itself.' }] },
      { detail: 'login refused: AUTHENTICATIONFAILED', do: 'Enter the app password again.', backlog: 41, queued: 2, failed_today: 5, silent_since: now - 52 * minute, errors: [1, 2, 3, 4].map((n) => ({ at: now - n * 14 * minute, count: n, text: 'login refused: [AUTHENTICATIONFAILED] Invalid credentials (Failure)', do: 'Enter the app password again.' })) },
      { backlog: 0, queued: 0, failed_today: 0, errors: [{ at: now - 50_000, count: 1, text: 'connection reset by peer' }] },
    ][i] }))
  }

  supervisor() {
    const all = [...this.conversations.values()]
    const wave = (i, f) => Array.from({ length: 36 }, (_, x) => Math.max(0, Math.round(f * (1 + Math.sin(x / 5 + i)))))
    return {
      queues: this.queues.map((queue, i) => {
        const here = all.filter((c) => c.queue === queue.id)
        const w = here.filter((c) => c.status === 'waiting' || c.status === 'offered')
        const agents = {}
        for (const m of queue.members) { const s = this.agents.get(m)?.state; if (s) agents[s] = (agents[s] ?? 0) + 1 }
        const busy = all.length ? 41 - (i % 3) * 13 : 0
        return {
          id: queue.id, queue, left: 0, waiting: w.filter((c) => c.status === 'waiting').length, offered: w.filter((c) => c.status === 'offered').length, longest_wait_since: w.length ? Math.min(...w.map((c) => c.waiting_since)) : 0,
          active: here.filter((c) => c.status === 'active').length, snoozed: 0, broken: all.length && !i ? 2 : 0, offered_today: busy, ended_today: busy, service_level_of_today: busy, answered_today: busy - (i ? 0 : 3), answered_in_target_today: Math.max(0, busy - 4), abandoned_today: busy && !i ? 3 : 0, abandoned_short_today: busy && !i ? 1 : 0,
          asa_today: busy * 400, service_level_today: busy ? (busy - 4) / busy : null, estimate_error_today: busy && !i ? { count: 12, mean_ms: -8000, mean_abs_ms: 21_000 } : null, open: i < 2, closed_reason: i < 2 ? '' : 'calendar', opens_at: i < 2 ? 0 : Date.now() + 15 * 3600e3, agents,
          spark: { step: 600_000, waiting: wave(i, busy / 20), longest: wave(i, busy * 900), arrived: wave(i + 1, busy / 9) },
        }
      }),
      agents: this.users.map((u, i) => ({
        user: { id: u.id, name: u.name }, agent: this.agents.get(u.id), capacity: u.capacity, used: Object.values(this.agents.get(u.id).held).reduce((a, b) => a + b, 0), by_channel: { webchat: 1, email: i % 3 },
        today: { handled: all.length ? 23 - (i % 7) * 3 : 0, aht_ms: all.length ? 240_000 + (i % 9) * 31_000 : 0, occupancy: all.length ? 0.82 - (i % 9) / 12 : null, first_response_ms: all.length ? 19_000 + (i % 9) * 9000 : 0, rona: i === 4 ? 2 : 0, states: {} },
      })),
      flags: asks(this, 'flag'), reviews: asks(this, 'review'), since: new Date().setHours(0, 0, 0, 0), at: this.id(),
    }
  }

  /** Settings of one value, and what was changed by whom. */
  setting(name) {
    const much = this.conversations.size
    return { version: 1, value: {
      routing: { skills: much ? ['German', 'ضمانت', 'Refunds'] : [], tiers: much ? ['gold', 'silver'] : [] },
      calendars: much ? [{ id: 'c1', name: 'Tehran', zone: 'Asia/Tehran', week: [[{ from: 540, to: 1080 }], [{ from: 540, to: 780 }, { from: 840, to: 1080 }], [{ from: 540, to: 1080 }], [{ from: 540, to: 1080 }], [{ from: 540, to: 780 }], [], [{ from: 540, to: 1080 }]], holidays: [{ date: '01-01', jalali: true, name: 'نوروز' }] }] : [],
      sla: much ? [{ id: 'p1', name: 'Gold', tiers: ['gold'], first: 300, next: 600, resolution: 86_400 }, { id: 'p2', name: 'فروش', queues: ['q2'], first: 900 }] : [],
      alerts: much ? [{ id: 'r1', kind: 'longest_wait', value: 600, sound: true }, { id: 'r2', kind: 'service_level', value: 80, queues: ['q1'], emails: ['lead@example.com'], account: 'a3' }, { id: 'r3', kind: 'flag', value: 300 }] : [],
    }[name] ?? null }
  }

  audit() {
    const [c] = this.conversations.values()
    if (!c) return { items: [], more: false }
    const of = (i, by, action, subject, more) => ({ id: `au${i}`, at: Date.now() - i * 47 * minute, by, action, subject, ...more })
    const much = this.conversations.size > 100
    const items = [
      of(1, 'u1', 'conversation.assigned', c.id, { conversation: { id: c.id, number: c.number }, before: { owner: 'u2' }, after: { owner: 'u3' } }),
      of(2, 'u1', 'agent.changed', 'u5', { before: { state: 'not_responding' }, after: { state: 'available' } }),
      of(3, 'u1', 'queue.close', 'q2', { before: { routing: null }, after: { routing: { closed: true, closed_text: 'Back at four' } } }),
      of(40, 'u1', 'settings.alerts', 'alerts', { before: { value: [{ id: 'r1', kind: 'longest_wait', value: 300 }] }, after: { value: [{ id: 'r1', kind: 'longest_wait', value: 600, sound: true }] } }),
    ]
    return { more: much, items: much ? Array.from({ length: 50 }, (_, i) => ({ ...items[i % 4], id: `au${i}`, at: Date.now() - i * 13 * minute })) : items }
  }
}

export { kinds }
