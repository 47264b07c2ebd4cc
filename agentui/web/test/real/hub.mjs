// A hub of its own: the real program on an empty folder, with a firm on it, and the doors through which its customers write.
// HUB_BIN names a built program; else it is built. TAMAS_DIST names another build of the app than the embedded one.
import { execFileSync, spawn } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'

const root = new URL('../../../../', import.meta.url).pathname
const password = 'a long password'
const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.json': 'application/json' }

/** Starts it and sets it up; locale is the firm's and its first admin's. */
export async function realHub({ locale = 'en', firm = 'Lotus & Co.', admin = 'Nika Rad' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tamas-real-'))
  let bin = process.env.HUB_BIN
  if (!bin) execFileSync('go', ['build', '-o', (bin = join(folder, 'tamas')), './cmd/tamas'], { cwd: root, stdio: 'inherit' })
  const child = spawn(bin, ['--addr', '127.0.0.1:0', '--data', join(folder, 'data'), '--log-level', 'warn'], { stdio: ['ignore', 'pipe', 'pipe'], env: Object.fromEntries(Object.entries(process.env).filter(([k]) => !k.startsWith('TAMAS_'))) })
  let said = ''
  const link = await new Promise((resolve, reject) => {
    const hear = (chunk) => {
      said += chunk
      const m = /(http:\/\/[^\s/]+)\/setup\?token=(\S+)/.exec(said)
      if (m) resolve(m)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('exit', (code) => reject(new Error(`the hub ended with ${code}: ${said}`)))
    setTimeout(() => reject(new Error(`the hub does not start: ${said}`)), 30_000).unref()
  })
  const [, url, token] = link

  /** Calls the API as somebody, by their cookie. */
  async function call(cookie, method, path, body, headers = {}) {
    const answer = await fetch(`${url}/api/v1${path}`, { method, headers: { 'Content-Type': 'application/json', 'X-Tamas-CSRF': '1', Origin: url, ...(cookie ? { Cookie: cookie } : {}), ...headers }, body: body === undefined ? undefined : JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    const set = answer.headers.getSetCookie().map((c) => c.split(';')[0]).find((c) => /=./.test(c))
    return { data: text ? JSON.parse(text) : null, cookie: set ?? cookie }
  }
  const first = await call('', 'POST', '/setup', { token, name: admin, email: 'nika@example.com', password, locale, firm })
  const api = (method, path, body) => call(first.cookie, method, path, body).then((x) => x.data)

  const accounts = (await api('GET', '/accounts')).items
  const chat = accounts.find((a) => a.kind === 'webchat')
  const people = new Map([['nika@example.com', first.data.user]])

  return {
    url, api, chat, people, locale,
    admin: first.data.user,
    /** A colleague; role agent or supervisor. */
    async hire(name, email, role = 'agent', more = {}) {
      const user = await api('POST', '/users', { name, email, role, locale, capacity: 4, password, ...more })
      people.set(email, user)
      return user
    },
    /** An account of text messages, whose door takes what a gateway would send. */
    async texts(queue) {
      const secret = randomBytes(16).toString('hex')
      const account = await api('POST', '/accounts', { kind: 'sms', name: '+98 3000 50', queue, reopen_hours: 24, enabled: true, settings: { provider: 'generic', number: '300050', region: 'IR', send_url: 'http://127.0.0.1:1/send', secret } })
      let n = 0
      return async (from, text) => {
        const body = JSON.stringify({ messages: [{ id: `m${++n}`, from, text, at: Math.floor(Date.now() / 1000) }] })
        const stamp = String(Math.floor(Date.now() / 1000))
        const answer = await fetch(`${url}/hooks/${account.id}/`, { method: 'POST', body, headers: { 'X-Tamas-Signature': `t=${stamp},v1=${createHmac('sha256', secret).update(`${stamp}.${body}`).digest('hex')}` } })
        if (!answer.ok) throw new Error(`the text door answers ${answer.status}`)
      }
    },
    /** A visitor of the web chat; say(text) writes, heard() gives what was answered. */
    async visitor(name, account = chat) {
      const hook = `${url}/hooks/${account.id}/`
      const door = async (method, path, token, body) => {
        const answer = await fetch(hook + path, { method, headers: { Origin: url, 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) }, body: body && JSON.stringify(body) })
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
        return answer.status === 204 ? null : answer.json()
      }
      const session = await door('POST', 'session', '', {})
      let n = 0
      return {
        say: (text) => door('POST', 'messages', session.token, { key: `say-${++n}-${randomBytes(6).toString('hex')}`, text, name }),
        heard: async () => (await door('GET', 'messages?wait=0&after=', session.token)).items.filter((i) => i.kind === 'message' && i.from === 'agent').map((i) => i.text),
        told: async () => (await door('GET', 'messages?wait=0&after=', session.token)).items.filter((i) => i.kind === 'message' && i.from !== 'customer').map((i) => i.text),
        items: async () => (await door('GET', 'messages?wait=0&after=', session.token)).items,
      }
    },
    /** A page of somebody's own: another browser context, signed in, unless it is nobody yet. */
    async seat(browser, email, { size = { width: 1440, height: 900 }, theme = 'light', locale: l = locale } = {}) {
      const context = await browser.newContext({ viewport: size, locale: l })
      if (email) {
        const { cookie } = await call('', 'POST', '/session', { email, password })
        const [key, ...value] = cookie.split('=')
        await context.addCookies([{ name: key, value: value.join('='), url }])
      }
      await context.addInitScript(([a, b]) => { localStorage.setItem('tamas.locale', a); localStorage.setItem('tamas.theme', b) }, [l, theme])
      if (process.env.TAMAS_DIST) await context.route(`${url}/**`, built(url, process.env.TAMAS_DIST))
      return context.newPage()
    },
    async close() {
      child.removeAllListeners('exit')
      await new Promise((r) => { child.on('exit', r); child.kill('SIGTERM') })
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

// The app from a folder instead of from within the program, under the same policy.
function built(url, dist) {
  const csp = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; media-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
  return (route) => {
    const path = new URL(route.request().url()).pathname
    if (/^\/(api|hooks|f)\//.test(path)) return route.continue()
    let file = join(dist, path)
    if (!existsSync(file) || statSync(file).isDirectory()) file = join(dist, 'index.html')
    return route.fulfill({ body: readFileSync(file), headers: { 'Content-Type': types[extname(file)] ?? 'text/plain', 'Content-Security-Policy': csp } })
  }
}
