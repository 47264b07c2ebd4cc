// Serves the built app and the stand-in hub: node test/fake/server.mjs [port]. FAKE_SIZE: empty, little or
// much; FAKE_LOCALE: en or fa; FAKE_LIVE=1: customers keep writing. POST /fake/<what> drives it from a test.
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { WebSocketServer } from 'ws'
import { why } from './colleagues.mjs'
import * as find from './find.mjs'
import * as rules from './rules.mjs'
import { Hub, kinds } from './hub.mjs'
import { html, png, wav } from './media.mjs'
import { FakeRecord } from './record.mjs'
import * as reports from './reports.mjs'
import { lines, people } from './seed.mjs'

// TAMAS_DIST: another build than the committed one.
const dist = process.env.TAMAS_DIST ? pathToFileURL(`${process.env.TAMAS_DIST}/`) : new URL('../../dist/', import.meta.url)
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.json': 'application/json' }
// As the hub's own (agentui/middleware.go).
const csp = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self'; worker-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

export function serve({ port = 0, size, locale, setup = false } = {}) {
  const hub = new Hub({ size, locale })
  const record = new FakeRecord(hub)
  const state = { setup, fail: 0 }
  const server = createServer(async (req, res) => {
    const url = new URL(req.url, 'http://x')
    const parts = []
    for await (const chunk of req) parts.push(chunk)
    const bytes = Buffer.concat(parts)
    const text = bytes.toString()
    const send = (status, body) => { res.writeHead(status, { 'Content-Type': 'application/json' }); res.end(JSON.stringify(body ?? null)) }
    if (url.pathname.startsWith('/fake/')) { drive(url.pathname.slice(6), text && JSON.parse(text)); return send(200, {}) }
    if (!url.pathname.startsWith('/api/v1')) return file(url.pathname, res)
    const made = content(req, url, bytes)
    if (made) {
      res.writeHead(made.status ?? 200, { 'Content-Type': made.type, 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': made.csp ?? "sandbox; default-src 'none'", ...(made.attachment ? { 'Content-Disposition': 'attachment' } : {}) })
      return res.end(made.body)
    }
    try {
      if (state.fail) throw { status: state.fail, code: 'not_recorded', message: 'Not recorded in time.' }
      send(200, answer(req, url, text ? JSON.parse(text) : {}, res))
    } catch (e) {
      if (!e.status) console.error(e)
      send(e.status ?? 500, { error: { code: e.code ?? 'internal', message: e.message, field: e.field, request_id: 'r1', current: e.current ?? e.conversation } })
    }
  })

  // Answers that are not JSON, and uploads, which are not asked in JSON.
  function content(req, url, bytes) {
    const [a, id, n] = url.pathname.slice('/api/v1/'.length).split('/')
    const q = url.searchParams
    if (a === 'files' && req.method === 'POST') {
      const name = q.get('name')
      if (/huge/.test(name)) return { status: 413, type: 'application/json', body: '{"error":{"code":"too_large","message":"The file is larger than 50 MB."}}' }
      const type = req.headers['content-type']
      const file = { id: `up.${hub.uploads.size}.${Date.now()}`, name, type, kind: type.startsWith('image/') ? 'image' : 'file', size: bytes.length, ...(type.startsWith('image/') ? { width: 400, height: 300 } : {}) }
      hub.uploads.set(file.id, { file, bytes })
      return { status: 201, type: 'application/json', body: JSON.stringify({ file }) }
    }
    const touch = [...hub.touches.values()].flat().find((t) => t.id === id)
    if (a === 'touches' && n === 'html') return { type: 'text/html', csp: "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'", body: html({ images: q.get('images') === '1', quotes: q.get('quotes') !== '0', cid: `/api/v1/files/${id}/1` }) }
    if (a === 'touches' && n === 'raw') return { type: 'application/octet-stream', attachment: true, body: 'raw' }
    if (a !== 'files' || !touch) return null
    const f = touch.body.files[Number(n)]
    const up = [...hub.uploads.values()].find((u) => u.file === f)
    if (up) return { type: f.type, body: up.bytes }
    if (f.kind === 'image') {
      const scale = q.get('thumb') ? Math.min(1, 480 / f.width, 480 / f.height) : 1
      return { type: 'image/png', body: png(Math.round(f.width * scale), Math.round(f.height * scale), Number(n) + f.height) }
    }
    if (f.kind === 'voice') return { type: 'audio/wav', body: wav(f.duration) }
    return { type: f.type, attachment: true, body: 'file' }
  }

  async function file(path, res) {
    let name = path === '/' ? 'index.html' : path.slice(1)
    let body = await readFile(new URL(name, dist)).catch(() => null)
    if (!body) body = await readFile(new URL((name = 'index.html'), dist))
    res.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'text/plain', 'Content-Security-Policy': csp, 'Cache-Control': name.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache' })
    res.end(body)
  }

  const who = (req) => hub.users.find((u) => (req.headers.cookie ?? '').includes(`tamas_session=${u.id}`))
  const me = (user) => ({ user, agent: hub.agents.get(user.id), csrf: true, max_file: 50 << 20, firm: hub.firm, version: '0.1', channels: kinds })
  const rows = { queues: 'queues', users: 'users', canned: 'canned', accounts: 'accounts', tokens: 'tokens' }

  function answer(req, url, body, res) {
    const path = url.pathname.slice('/api/v1/'.length)
    const q = Object.fromEntries(url.searchParams)
    const [a, id, action] = path.split('/').map(decodeURIComponent)
    const method = req.method
    if (a === 'setup' && method === 'GET') return { needed: state.setup }
    if (a === 'setup' || (a === 'session' && method === 'POST')) {
      if (a === 'session' && body.password === 'wrong') throw { status: 401, code: 'bad_credentials', message: 'Email or password is wrong.' }
      state.setup = false
      res.setHeader('Set-Cookie', 'tamas_session=u1; Path=/; HttpOnly; SameSite=Lax')
      return me(hub.users[0])
    }
    const user = who(req)
    if (!user) throw { status: 401, code: 'signed_out', message: 'You are signed out.' }
    if (method !== 'GET' && req.headers['x-tamas-csrf'] !== '1') throw { status: 403, code: 'csrf', message: 'No CSRF header.' }
    if (a === 'settings' && id === 'record' && action === 'stages') return { customers: 42, stages: { active: 30, loyal: 5, lapsed: 7 }, more: false }
    if (a === 'settings' && ['attributes', 'kinds', 'record'].includes(id)) return rules.settings(hub, record, id, method === 'PUT' ? body : null)
    const recorded = record.answer(method, [a, id, action], q, body, user)
    if (recorded !== undefined) return recorded
    switch (a) {
      case 'session': if (method === 'DELETE') { res.setHeader('Set-Cookie', 'tamas_session=; Path=/; Max-Age=0'); return null } return me(user)
      case 'sessions': return { items: [{ id: 's1', created_at: Date.now() - 9e6, seen_at: Date.now() - 1000, expires_at: Date.now() + 9e8, ip: '127.0.0.1', user_agent: 'Firefox 140 on Linux', current: true }, { id: 's2', created_at: Date.now() - 9e8, seen_at: Date.now() - 5e7, expires_at: Date.now() + 9e8, current: false, ip: '10.1.2.3', user_agent: 'Safari on iPhone' }] }
      case 'me':
        if (id === 'state') { const ag = hub.agents.get(user.id); hub.next(); Object.assign(ag, { state: body.state, reason: body.reason, since: Date.now(), version: ag.version + 1 }); hub.emit('agent.changed', { by: { kind: 'agent', id: user.id }, agents: [ag] }); return ag }
        return Object.assign(user, body, { password: undefined })
      case 'counts': return hub.counts(user)
      case 'conversations': {
        if (!id && method === 'POST') {
          const account = hub.accounts.find((x) => x.id === body.account)
          const fresh = hub.begin(hub.identity(account.kind, body.address, body.name), { at: Date.now(), queue: account.queue })
          return hub.act(user, fresh.id, 'reply', body, req.headers['idempotency-key'])
        }
        if (!id) return hub.list(user, q)
        const c = hub.conversations.get(id)
        if (!c) throw { status: 404, code: 'not_found', message: 'There is no such conversation.' }
        if (!action) return { attributes: record.fields.get(id) ?? {}, conversation: hub.view(c), touches: hub.touches.get(id).slice(-50), earlier: hub.touches.get(id).length > 50, at: hub.id() }
        if (action === 'touches') { const older = hub.touches.get(id).filter((t) => t.n < Number(q.before)); return { items: older.slice(-50), earlier: older.length > 50 } }
        if (action === 'why') return why(hub, c)
        if (action === 'decisions') return { items: hub.events.filter((e) => e.conversation?.id === id && e.reason).reverse() }
        if (action === 'typing') return null
        if (action === 'recipients') { const i = hub.identities.get(c.identity); const to = [i.name ? `${i.name} <${i.address}>` : i.address]; return { envelope: { to }, reply_all: { to, cc: ['Buchhaltung <buchhaltung@mueller.example>', 'accountant@example.net'] }, subject: 'Wrong VAT number on invoice 2026-0311', signature: `${user.name}\nSupport · ${hub.firm.name}` } }
        return hub.act(user, id, action, body, req.headers['idempotency-key'])
      }
      case 'touches': {
        if (action === 'edit') {
          const t = [...hub.touches.values()].flat().find((x) => x.id === id)
          const c = hub.conversations.get(t.conversation)
          hub.next()
          const edit = Object.assign(hub.put(c, { inbound: false, kind: 'edit', text: body.text, at: Date.now(), author: { kind: 'agent', id: user.id }, state: 'queued', event: true }), { of: id })
          const e = hub.emit('message.edited', { by: edit.author, c, touch: edit })
          hub.deliver(edit)
          return { event_id: e.id, conversation: { ...c }, touch: edit }
        } const t = [...hub.touches.values()].flat().find((x) => x.id === id); Object.assign(t, { state: 'queued', rev: t.rev + 1, error: '' }); hub.next(); hub.emit('touch.state', { by: { kind: 'agent', id: user.id }, touch: { ...t, body: undefined } }); hub.deliver({ ...t, rev: 9 }); return { event_id: hub.id(), conversation: hub.conversations.get(t.conversation), touch: t } }
      case 'customers': {
        if (method === 'PATCH') return Object.assign(hub.customers.get(id), body)
        if (action === 'start-link') { if (hub.accounts.find((x) => x.id === body.account)?.kind !== 'telegram') throw { status: 404, code: 'not_found', message: 'No start link.' }; return { url: 'https://t.me/lotus_bot?start=abc' } }
        const mine = [...hub.identities.values()].filter((i) => i.customer === id)
        const visit = { id: 'v1', n: 1, kind: 'visit', conversation: '', identity: mine[0]?.id, account: 'a1', channel: 'webchat', inbound: true, author: { kind: 'customer' }, at: Date.now() - 20 * 60e3, state: 'received', rev: 1, number: 0, body: { subject: 'https://shop.example/desks/walnut-140', text: 'Walnut desk 140 × 70' } }
        const conversations = [...hub.conversations.values()].filter((c) => mine.some((i) => i.id === c.identity))
        if (action === 'merge') return find.preview(hub, id, q.from)
        if (action === 'history') return { merges: [], links: [] }
        if (action) { const all = conversations.flatMap((c) => hub.touches.get(c.id).map((t) => ({ ...t, number: c.number }))).concat(visit).sort((x, y) => y.at - x.at); return { items: all.slice(0, 40), next: '' } }
        return { customer: hub.customers.get(id), identities: mine, conversations: conversations.map((c) => hub.view(c)), at: hub.id() }
      }
      case 'search': return find.search(hub, q)
      case 'suggestions': return method === 'POST' ? find.decide(hub, id, action === 'dismiss' ? 'dismissed' : 'merged', user.id) : find.pairs(hub, q)
      case 'imports': return rules.imports(hub, method, id, action, body)
      case 'reports': return !id ? { figures: reports.figures } : action === 'touches' ? reports.items(hub, q) : reports.report(hub, id, q)
      case 'staffing': return reports.staffing(hub)
      case 'simulations': {
        if (method === 'POST') state.simulation = { asked: body, progress: 0 }
        else if (method === 'DELETE') state.simulation.progress = 1
        else if (!state.slow) state.simulation.progress = Math.min(1, state.simulation.progress + 0.5)
        else state.simulation.progress = 0.37
        return reports.simulation(state.simulation.asked, state.simulation.progress)
      }
      case 'agents': if (method === 'GET') return { items: [...hub.agents.values()] }; break
      case 'supervisor': return hub.supervisor()
      case 'settings': return method === 'GET' ? hub.setting(id) : id === 'calendars' ? { days: [] } : { value: body.value, version: body.version + 1 }
      case 'audit': return hub.audit()
      case 'identities': hub.identities.get(id).blocked = body.on; return null
      case 'alerts': { const x = hub.alerts.find((y) => y.id === id); if (x) { Object.assign(x, { acked_by: user.id, acked_at: Date.now() }); hub.say({ t: 'alerts', alerts: hub.alerts }); return null } return { alerts: hub.alerts } }
      case 'firm': return method === 'PATCH' ? Object.assign(hub.firm, body, { version: hub.firm.version + 1 }) : hub.firm
      case 'accounts':
        if (id === 'check') return body.settings?.token === 'bad' ? { ok: false, detail: 'login refused: Unauthorized' } : { ok: true, detail: '' }
        if (action === 'test') return { ok: true }
        if (id === 'health') return { accounts: hub.health() }
        if (action === 'reconnect') { setTimeout(() => hub.say({ t: 'health', ...hub.health().find((h) => h.account === id), state: 'connected', detail: '', do: '', connected_at: Date.now() }), 300); return null }
    }
    const list = hub[rows[a]]
    if (!list) throw { status: 404, code: 'not_found', message: 'No such address.' }
    if (method === 'GET') return id ? list.find((x) => x.id === id) : { items: list }
    if (method === 'POST') {
      const row = { id: a[0] + Math.random().toString(36).slice(2, 8), version: 1, created_at: Date.now(), members: [], ...body, password: undefined, secret: a === 'tokens' ? 'tms_' + 'x'.repeat(40) : undefined }
      if (a === 'accounts') Object.assign(row, { health: { state: 'connecting' }, webhook_url: `http://127.0.0.1:8080/hooks/${row.id}/` })
      if (a === 'users') hub.agents.set(row.id, { id: row.id, version: 1, state: 'offline', since: Date.now(), held: {} })
      list.push(row)
      hub.next(); hub.emit('settings.changed', { by: { kind: 'agent', id: user.id }, topic: a })
      return row
    }
    const row = list.find((x) => x.id === id)
    if (method === 'DELETE') { list.splice(list.indexOf(row), 1); return null }
    if (body.version && body.version !== row.version) throw { status: 409, code: 'conflict', message: 'It has changed meanwhile.' }
    return Object.assign(row, body, { version: row.version + 1 })
  }

  const wss = new WebSocketServer({ server, path: '/api/v1/live' })
  wss.on('connection', (ws, req) => {
    const user = who(req)
    if (!user) return ws.close(4001)
    const from = new URL(req.url, 'http://x').searchParams.get('from')
    ws.send(JSON.stringify([{ t: 'hello', at: hub.id(), recorded: hub.recorded, agent: hub.agents.get(user.id), user: user.id }]))
    const missed = from ? hub.events.filter((e) => Number.parseInt(e.id) > Number.parseInt(from)) : []
    if (missed.length) ws.send(JSON.stringify(missed.map((event) => ({ t: 'event', id: event.id, event }))))
    hub.sockets.add(ws)
    ws.on('message', (m) => { if (JSON.parse(m).t === 'ping') ws.send('[{"t":"pong"}]') })
    ws.on('close', () => hub.sockets.delete(ws))
  })

  function drive(what, body) {
    const identity = (i) => hub.identity(people[i][1], people[i][2], people[i][0])
    if (what === 'message') hub.inbound(identity(body.person), body.text)
    if (what === 'offer') hub.offer(hub.inbound(hub.identity('webchat', 'v_' + Math.random(), body.name ?? 'Hannah Schmidt'), body.text ?? lines[3]), 'u1')
    if (what === 'typing') hub.say({ t: 'typing', conversation: [...hub.conversations.values()].find((c) => c.identity === identity(body.person).id).id, from: 'customer', on: true })
    if (what === 'record') { hub.recordUp = body.up; hub.say({ t: 'status', record: body.up ? 'up' : 'down' }) }
    if (what === 'drop') for (const s of hub.sockets) s.close(body.code)
    if (what === 'slow') state.slow = true // a simulation stays where it is
    if (what === 'fail') state.fail = body.status
  }
  if (process.env.FAKE_LIVE) setInterval(() => drive('message', { person: Math.floor(Math.random() * people.length), text: lines[Math.floor(Math.random() * lines.length)] }), 4000).unref()

  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve({ hub, drive, url: `http://127.0.0.1:${server.address().port}`, close: () => { for (const s of hub.sockets) s.terminate(); server.close(); server.closeAllConnections() } })))
}

if (import.meta.filename === process.argv[1]) {
  const s = await serve({ port: Number(process.argv[2]) || 8080, size: process.env.FAKE_SIZE, locale: process.env.FAKE_LOCALE })
  console.log(s.url)
}
