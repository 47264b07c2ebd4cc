// The entry: finds its own address, asks the hub for the account's settings and puts the button on the page.
import { Client } from './client.ts'
import { Store } from './store.ts'
import { choose } from './strings.ts'
import { View, type Config } from './view.ts'

const script = document.currentScript as HTMLScriptElement | null

async function main(): Promise<void> {
  if (!script?.src || document.querySelector('tamas-chat')) return
  const base = new URL('.', script.src).href
  const r = await fetch(base + 'config', { credentials: 'omit', referrerPolicy: 'origin' }).catch(() => undefined)
  if (!r?.ok) {
    // Nothing is shown: a page that may not have the chat has no use for a broken one.
    console.warn('Tamas chat is not available here', r?.status ?? '(this site is not among the allowed origins, or the hub cannot be reached)')
    return
  }
  const config: Config = await r.json()
  const account = base.split('/').slice(-2)[0]
  const client = new Client(base, new Store('tamas.' + account + '.'), config.max_text)
  const language = choose(script.dataset.lang, config.language, document.documentElement.lang, navigator.language)
  const view = new View(client, config, language)
  // For a page's own button: TamasChat.open().
  Object.assign(window, { TamasChat: { open: () => view.open(), close: () => view.close() } })
  // Who was here before may have an answer waiting; everybody else costs the hub nothing until they open the window.
  if (client.known) client.start()
}

if (document.body) void main()
else addEventListener('DOMContentLoaded', () => void main())
