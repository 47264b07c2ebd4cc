import { onBeforeUnmount, onMounted } from 'vue'

/**
 * Keyboard shortcuts by the place of a key, so that they work under a Persian layout too: "KeyR",
 * "g KeyI" (after g), "Escape", "?" . While somebody types, only those marked with "!" are heard.
 */
export type Keys = Record<string, (e: KeyboardEvent) => unknown>

let lead = 0

export function typing(target: EventTarget | null): boolean {
  const el = target as HTMLElement | null
  return !!el && (el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName))
}

/** Whether a dialog, a menu or a list of choices is open: keys belong to it. */
function modal(): boolean {
  return !!document.querySelector('[role=dialog][data-state=open], [role=menu][data-state=open], [role=listbox][data-state=open]')
}

export function useKeys(keys: Keys): void {
  function heard(e: KeyboardEvent) {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || taken || modal()) return
    const name = e.key === '?' || e.key === '؟' ? '?' : e.code
    const led = Date.now() - lead < 1000 && keys[`g ${name}`]
    const f = led || keys[`!${name}`] || (typing(e.target) ? undefined : keys[name])
    if (!f || (led && typing(e.target))) return
    lead = 0
    if (f(e) !== false) e.preventDefault()
  }
  onMounted(() => addEventListener('keydown', heard))
  onBeforeUnmount(() => removeEventListener('keydown', heard))
}

// Asked before anybody hears the key: the Escape that closes a dialog must not decline an offer as well.
let taken = false
addEventListener('keydown', () => (taken = modal()), { capture: true })
addEventListener('keydown', (e) => {
  if (e.code === 'KeyG' && !typing(e.target) && !e.ctrlKey && !e.metaKey) setTimeout(() => (lead = Date.now()))
})

export const mac = /Mac|iP/.test(navigator.platform)
