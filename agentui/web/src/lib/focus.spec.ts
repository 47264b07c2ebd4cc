import { afterEach, beforeEach, expect, it } from 'vitest'
import { createApp, defineComponent, type App } from 'vue'
import { useKeptFocus } from './focus'

let app: App
const by = (id: string) => document.getElementById(id)!
/** As browsers do it: what goes says first that it loses the focus. */
function gone(id: string) {
  const el = document.activeElement!
  el.dispatchEvent(new FocusEvent('focusout', { bubbles: true }))
  by(id).remove()
  ;(el as HTMLElement).blur()
  return new Promise((r) => setTimeout(r, 1))
}
beforeEach(() => {
  document.body.innerHTML = '<main id="main" tabindex="-1"><section id="section" tabindex="-1"><p id="p"><button id="a"></button></p></section><button id="b"></button></main><div id="app"></div>'
  app = createApp(defineComponent({ setup: () => (useKeptFocus(() => by('main')), () => null) }))
  app.mount('#app')
})
afterEach(() => app.unmount())

it('gives the focus of what goes to what is around it', async () => {
  by('a').focus()
  await gone('p')
  expect(document.activeElement?.id).toBe('section')
})
it('and farther away where that goes too', async () => {
  by('a').focus()
  await gone('section')
  expect(document.activeElement?.id).toBe('main')
})
it('leaves it where it went, and with what is only barred for a while', async () => {
  by('a').focus()
  const going = gone('p')
  by('b').focus()
  await going
  expect(document.activeElement?.id).toBe('b')
  by('b').dispatchEvent(new FocusEvent('focusout', { bubbles: true }))
  by('b').blur()
  await new Promise((r) => setTimeout(r, 1))
  expect(document.activeElement).toBe(document.body)
})
