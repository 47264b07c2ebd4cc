// Serves the built app and the stand-in hub: node test/fake/server.mjs [port]. FAKE_SIZE: empty, little or
// much; FAKE_LOCALE: en or fa; FAKE_LIVE=1: customers keep writing. POST /fake/<what> drives it from a test.
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { WebSocketServer } from 'ws'
import { Hub, kinds } from './hub.mjs'
import { lines, people } from './seed.mjs'

const dist = new URL('../../dist/', import.meta.url)
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.json': 'application/json' }
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

export function serve({ port = 0, size, locale, setup = false } = {}) {
  const hub = new Hub({ size, locale })
  const state = { setup, fail: 0 }
  const server = createServer(async (req, res) => {
    const url = new URL(req.url, 'http://x')
    let text = ''
    for await (const chunk of req) text += chunk
    const send = (status, body) => { res.writeHead(status, { 'Content-Type': 'application/json' }); res.end(JSON.stringify(body ?? null)) }
    if (url.pathname.startsWith('/fake/')) { drive(url.pathname.slice(6), text && JSON.parse(text)); return send(200, {}) }
    if (!url.pathname.startsWith('/api/v1')) return file(url.pathname, res)
    try {
      if (state.fail) throw { status: state.fail, code: 'not_recorded', message: 'Not recorded in time.' }
      send(200, answer(req, url, text ? JSON.parse(text) : {}, res))
    } catch (e) {
      if (!e.status) console.error(e)
      send(e.status ?? 500, { error: { code: e.code ?? 'internal', message: e.message, field: e.field, request_id: 'r1', current: e.conversation } })
    }
  })

  async function file(path, res) {
    let name = path === '/' ? 'index.html' : path.slice(1)
    let body = await readFile(new URL(name, dist)).catch(() => null)
    if (!body) body = await readFile(new URL((name = 'index.html'), dist))
    res.writeHead(200, { 'Content-Type': types[extname(name)] ?? 'text/plain', 'Content-Security-Policy': csp })
    res.end(body)
  }

  const who = (req) => hub.users.find((u) => (req.headers.cookie ?? '').includes(`tamas_session=${u.id}`))
  const me = (user) => ({ user, agent: hub.agents.get(user.id), csrf: true, firm: hub.firm, version: '0.1', channels: kinds })
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
    switch (a) {
      case 'session': if (method === 'DELETE') { res.setHeader('Set-Cookie', 'tamas_session=; Path=/; Max-Age=0'); return null } return me(user)
      case 'sessions': return { items: [{ id: 's1', created_at: Date.now() - 9e6, seen_at: Date.now() - 1000, ip: '127.0.0.1', user_agent: 'Firefox 140 on Linux', current: true }, { id: 's2', created_at: Date.now() - 9e8, seen_at: Date.now() - 5e7, ip: '10.1.2.3', user_agent: 'Safari on iPhone' }] }
      case 'me':
        if (id === 'state') { const ag = hub.agents.get(user.id); hub.next(); Object.assign(ag, { state: body.state, reason: body.reason, since: Date.now(), version: ag.version + 1 }); hub.emit('agent.changed', { by: { kind: 'agent', id: user.id }, agents: [ag] }); return ag }
        return Object.assign(user, body, { password: undefined })
      case 'counts': return hub.counts(user)
      case 'conversations': {
        if (!id) return hub.list(user, q)
        const c = hub.conversations.get(id)
        if (!c) throw { status: 404, code: 'not_found', message: 'There is no such conversation.' }
        if (!action) return { conversation: hub.view(c), touches: hub.touches.get(id).slice(-50), earlier: hub.touches.get(id).length > 50, at: hub.id() }
        if (action === 'touches') { const older = hub.touches.get(id).filter((t) => t.n < Number(q.before)); return { items: older.slice(-50), earlier: older.length > 50 } }
        if (action === 'decisions') return { items: hub.events.filter((e) => e.conversation?.id === id && e.reason).reverse() }
        if (action === 'typing') return null
        return hub.act(user, id, action, body, req.headers['idempotency-key'])
      }
      case 'touches': { const t = [...hub.touches.values()].flat().find((x) => x.id === id); Object.assign(t, { state: 'queued', rev: t.rev + 1, error: '' }); hub.next(); hub.emit('touch.state', { by: { kind: 'agent', id: user.id }, touch: { ...t, body: undefined } }); hub.deliver({ ...t, rev: 9 }); return { event_id: hub.id(), conversation: hub.conversations.get(t.conversation), touch: t } }
      case 'customers': {
        if (method === 'PATCH') return Object.assign(hub.customers.get(id), body)
        const mine = [...hub.identities.values()].filter((i) => i.customer === id)
        const conversations = [...hub.conversations.values()].filter((c) => mine.some((i) => i.id === c.identity))
        if (action) { const all = conversations.flatMap((c) => hub.touches.get(c.id).map((t) => ({ ...t, number: c.number }))).sort((x, y) => y.at - x.at); return { items: all.slice(0, 40), next: '' } }
        return { customer: hub.customers.get(id), identities: mine, conversations: conversations.map((c) => hub.view(c)), at: hub.id() }
      }
      case 'search': { const has = (s) => s.toLowerCase().includes(q.q.toLowerCase()); return { customers: [...hub.identities.values()].filter((i) => has((i.name ?? '') + i.address)).slice(0, 8).map((i) => ({ id: i.customer, name: i.name ?? '', address: i.address, channel: i.channel })), messages: [...hub.conversations.values()].slice(0, 50).flatMap((c) => hub.touches.get(c.id).filter((t) => has(t.body.text)).map((t) => ({ touch: t.id, conversation: c.id, number: c.number, customer: hub.view(c).customer, snippet: t.body.text.slice(0, 120), at: t.at }))).slice(0, 12) } }
      case 'supervisor': return hub.supervisor()
      case 'firm': return method === 'PATCH' ? Object.assign(hub.firm, body, { version: hub.firm.version + 1 }) : hub.firm
      case 'accounts':
        if (id === 'check') return body.settings?.token === 'bad' ? { ok: false, detail: 'login refused: Unauthorized' } : { ok: true, detail: '' }
        if (action === 'test') return { ok: true }
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
    if (what === 'fail') state.fail = body.status
  }
  if (process.env.FAKE_LIVE) setInterval(() => drive('message', { person: Math.floor(Math.random() * people.length), text: lines[Math.floor(Math.random() * lines.length)] }), 4000).unref()

  return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve({ hub, drive, url: `http://127.0.0.1:${server.address().port}`, close: () => { for (const s of hub.sockets) s.terminate(); server.close(); server.closeAllConnections() } })))
}

if (import.meta.filename === process.argv[1]) {
  const s = await serve({ port: Number(process.argv[2]) || 8080, size: process.env.FAKE_SIZE, locale: process.env.FAKE_LOCALE })
  console.log(s.url)
}
