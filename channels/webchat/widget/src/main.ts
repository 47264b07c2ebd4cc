// The entry: finds its own address, asks the hub for the account's settings and puts the button on the page.
import { connect } from './client.ts'
import type { Config, Proof } from './config.ts'
import { Store } from './store.ts'
import { show } from './view.ts'

const script = document.currentScript as HTMLScriptElement | null

async function main(): Promise<void> {
  if (!script?.src || document.querySelector('tamas-chat')) return
  const data = script.dataset
  const base = new URL('.', script.src).href
  const wishes = [data.lang, document.documentElement.lang, navigator.language].join()
  const r = await fetch(base + 'config?lang=' + encodeURIComponent(wishes), { credentials: 'omit', referrerPolicy: 'origin' }).catch(() => undefined)
  if (!r?.ok) {
    // Nothing is shown: a page that may not have the chat has no use for a broken one. No status: the site is not among the allowed
    // origins, or the hub cannot be reached.
    console.warn('Tamas chat', r?.status)
    return
  }
  const config: Config = await r.json()
  const prefix = 'tamas.' + base.split('/').slice(-2)[0] + '.'
  let view: ReturnType<typeof show>
  let visit = () => {}

  // begin shows the chat to whoever the page says its visitor is. Those who are signed in have a store of their own, which the
  // next page without them empties.
  const begin = (proof?: Proof) => {
    const open = view?.close(true)
    const guest = new Store(prefix)
    const known = new Store('u' + prefix)
    const prefs = new Store('p' + prefix)
    if (proof) for (const k of guest.keys('o.')) known.set(k, guest.get(k))
    else known.clear()
    const store = proof ? known : guest
    const client = connect(base, store, config, proof, proof && guest, begin)
    let page: string
    let rest = 0
    // A page counts when it was there for a second; by then it has its title.
    visit = () => {
      clearTimeout(rest)
      rest = setTimeout(() => {
        if (location.href !== page && (config.visits === 'on' || (config.visits === 'ask' && prefs.get('consent')))) {
          page = location.href
          void client.visit(page, document.title)
        }
      }, 1000)
    }
    view = show(client, config, prefs, () => visit())
    if (open) view.open()
    visit()
    // Who was here before may have an answer waiting; everybody else costs the hub nothing until they open the window.
    if (client.known) client.start()
  }
  begin(data.identity || data.userId ? { identity: data.identity, user_id: data.userId, user_hash: data.userHash } : undefined)
  for (const e of ['popstate', 'hashchange']) addEventListener(e, () => visit())
  ;(window as unknown as { navigation?: EventTarget }).navigation?.addEventListener('currententrychange', () => visit())

  // For the page's own scripts.
  Object.assign(window, {
    TamasChat: {
      open: () => view.open(),
      close: () => view.close(),
      /** The visitor has signed in, identify('<token>'), or out, identify(). */
      identify: (identity?: string) => begin(identity ? { identity } : undefined),
    },
  })
}

if (document.body) void main()
else addEventListener('DOMContentLoaded', () => void main())
