// The beacon: logs which pages a visitor looks at who has agreed to that, without a chat. Visitor, answer and rules are those of the account's
// chat: whoever writes there later, or signs in, is joined to what was logged.
import type { Config, Proof } from '../src/config.ts'
import { Store } from '../src/store.ts'

const script = document.currentScript as HTMLScriptElement | null
const browser = navigator as Navigator & { globalPrivacyControl?: boolean }

async function main(): Promise<void> {
  // Who says to every site that nothing is to be followed is not asked either.
  const never = browser.globalPrivacyControl || browser.doNotTrack === '1'
  const data = script!.dataset
  const base = new URL('.', script!.src).href
  const prefix = 'tamas.' + base.split('/').slice(-2)[0] + '.'
  const guest = new Store(prefix)
  const known = new Store('u' + prefix)
  const prefs = new Store('p' + prefix)
  let config: Config | undefined
  let proof: Proof | undefined
  let proved = false
  let page: string
  let rest = 0
  let box: HTMLElement | undefined

  const ask = (path: string, body: unknown, token?: string) => fetch(base + path, {
    method: 'POST', credentials: 'omit', referrerPolicy: 'origin', keepalive: true, body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', ...(token && { Authorization: 'Bearer ' + token }) },
  })

  // greet gives a token that the hub knows; undefined: not now.
  async function greet(again?: boolean): Promise<string | undefined> {
    const store = proof ? known : guest
    const day = Math.floor(Date.now() / 864e5)
    const token = store.get<string>('s')
    if (token && (proof ? proved : store.get('t') === day)) return token
    const r = await ask('session', { token: token ?? (proof && guest.get('s')), join: !!proof, ...proof })
    if (r.status === 401 && !again) {
      for (const s of [store, guest]) for (const k of ['s', 't', 'v']) s.del(k)
      return greet(true)
    }
    if (!r.ok) return
    const a: { token: string; visitor: string } = await r.json()
    if (proof) {
      proved = true
      for (const k of guest.keys('o.')) known.set(k, guest.get(k))
      guest.clear() // who comes here next is somebody else
    }
    store.set('s', a.token)
    store.set('t', day)
    store.set('v', a.visitor)
    return a.token
  }

  // A page counts when it was there for a second; by then it has its title. Where the chat stands, that logs it.
  function visit(): void {
    clearTimeout(rest)
    rest = setTimeout(async () => {
      const agreed = prefs.get<boolean>('consent')
      const on = config?.visits === 'on' ? agreed !== false : config?.visits === 'ask' && agreed
      if (never || !on || location.href === page || 'TamasChat' in window) return
      page = location.href
      try {
        const token = await greet()
        if (token) await ask('visits', { key: [...crypto.getRandomValues(new Uint8Array(16))].map(b => b.toString(16).padStart(2, '0')).join(''), page, title: document.title }, token)
      } catch {
        // a visit that is not logged does no harm
      }
    }, 1000)
  }

  function consent(yes: boolean): void {
    prefs.set('consent', yes)
    box?.remove()
    visit()
  }

  function begin(p?: Proof): void {
    proof = p
    proved = false
    page = '' // what is looked at now is logged of who that is
    if (!p) known.clear()
    visit()
  }

  // question asks in the account's language, once.
  function question({ texts, dir, style }: Config): void {
    box = document.createElement('tamas-beacon')
    const root = box.attachShadow({ mode: 'open' })
    const put = (tag: string, text: string, css: Partial<CSSStyleDeclaration>, yes?: boolean) => {
      const e = document.createElement(tag)
      e.textContent = text
      Object.assign(e.style, css)
      if (yes !== undefined) e.onclick = () => consent(yes)
      root.append(e)
    }
    const button = { font: 'inherit', padding: '8px 16px', borderRadius: '8px', border: '1px solid', cursor: 'pointer', background: 'none', color: 'inherit' }
    put('span', texts.visits!, { flex: '1 1 200px' })
    put('button', texts.yes!, { ...button, background: style.accent, color: style.on }, true)
    put('button', texts.no!, button, false)
    box.dir = dir
    box.setAttribute('role', 'dialog')
    box.setAttribute('aria-label', texts.visits!)
    Object.assign(box.style, { position: 'fixed', inset: 'auto 16px 16px', maxWidth: '560px', margin: 'auto', padding: '16px', display: 'flex', flexWrap: 'wrap', gap: '8px', alignItems: 'center',
      font: '15px/1.5 system-ui, sans-serif', background: '#fff', color: '#1c1c1e', border: '1px solid #0002', borderRadius: '12px', boxShadow: '0 4px 24px #0003', zIndex: '2147483000' })
    document.body.append(box)
  }

  Object.assign(window, {
    tamasBeacon: {
      /** The visitor agrees, or does not, or no longer. */
      consent,
      /** The visitor has signed in, identify('<token>'), or out, identify(). */
      identify: (identity?: string) => begin(identity ? { identity } : undefined),
    },
  })
  begin(data.identity || data.userId ? { identity: data.identity, user_id: data.userId, user_hash: data.userHash } : undefined)
  if (never) return
  const r = await fetch(base + 'config?lang=' + encodeURIComponent([data.lang, document.documentElement.lang, browser.language].join()), { credentials: 'omit', referrerPolicy: 'origin' }).catch(() => undefined)
  if (!r?.ok) return console.warn('Tamas beacon', r?.status)
  const got: Config = (config = await r.json())
  if (got.visits === 'ask' && data.ask !== 'no' && prefs.get('consent') === undefined && !('TamasChat' in window)) question(got)
  visit()
  for (const e of ['popstate', 'hashchange']) addEventListener(e, visit)
  ;(window as unknown as { navigation?: EventTarget }).navigation?.addEventListener('currententrychange', visit)
}

if (script?.src && !('tamasBeacon' in window)) {
  if (document.body) void main()
  else addEventListener('DOMContentLoaded', () => void main())
}
