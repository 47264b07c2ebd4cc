import { afterEach, expect, test, vi } from 'vitest'
import { createApp, h, type App } from 'vue'
import { useKeys, type Keys } from './keys'

const apps: App[] = []
/** A part of the page that hears these keys; later ones are heard later. */
function hears(keys: Keys) {
  const app = createApp({ setup: () => (useKeys(keys), () => h('i')) })
  app.mount(document.body.appendChild(document.createElement('div')))
  apps.push(app)
}
const press = (code: string, key: string, on: EventTarget = document.body) => on.dispatchEvent(new KeyboardEvent('keydown', { code, key, bubbles: true, cancelable: true }))
afterEach(() => {
  vi.useRealTimers()
  apps.splice(0).forEach((app) => app.unmount())
  document.body.replaceChildren()
})

test('a key goes by its place, whatever stands on it', () => {
  const reply = vi.fn(), help = vi.fn()
  hears({ KeyR: reply, '?': help })
  press('KeyR', 'ق')
  press('Slash', '؟')
  expect([reply.mock.calls.length, help.mock.calls.length]).toEqual([1, 1])
})

test('what comes after g is for those that wait for it alone', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const go = vi.fn(() => false), snooze = vi.fn()
  hears({ 'g KeyS': go })
  hears({ KeyS: snooze })
  press('KeyG', 'ل')
  press('KeyS', 'س')
  expect([go.mock.calls.length, snooze.mock.calls.length]).toEqual([1, 0])
  press('KeyS', 'س')
  expect([go.mock.calls.length, snooze.mock.calls.length]).toEqual([1, 1])
})

test('while somebody types, keys are text; in a box to tick they are not', () => {
  const next = vi.fn()
  hears({ KeyJ: next })
  const text = document.body.appendChild(document.createElement('input'))
  const box = document.body.appendChild(document.createElement('input'))
  box.type = 'checkbox'
  press('KeyJ', 'ت', text)
  expect(next).not.toHaveBeenCalled()
  press('KeyJ', 'ت', box)
  expect(next).toHaveBeenCalledOnce()
})
