import { onBeforeUnmount, onMounted } from 'vue'

/**
 * Keyboard shortcuts by the place of a key, so that they work under a Persian layout too: "KeyR",
 * "g KeyI" (after g), "Escape", "?" . While somebody types, only those marked with "!" are heard.
 */
export type Keys = Record<string, (e: KeyboardEvent) => unknown>

/** Whether keys are text there, or choose: in a box to tick they are not. */
export function typing(target: EventTarget | null): boolean {
  const el = target as HTMLElement | null
  return !!el?.matches?.('textarea, select, input:not([type=checkbox], [type=radio], [type=button]), [contenteditable]:not([contenteditable=false])')
}

/** Whether a dialog, a menu or a list of choices is open: keys belong to it. */
function modal(): boolean {
  return !!document.querySelector('[role=dialog][data-state=open], [role=menu][data-state=open], [role=listbox][data-state=open]')
}

export function useKeys(keys: Keys): void {
  function heard(e: KeyboardEvent) {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || taken || modal()) return
    const name = e.key === '?' || e.key === '؟' ? '?' : e.code
    const f = led ? keys[`g ${name}`] : keys[`!${name}`] || (typing(e.target) ? undefined : keys[name])
    if (f && f(e) !== false) e.preventDefault()
  }
  onMounted(() => addEventListener('keydown', heard))
  onBeforeUnmount(() => removeEventListener('keydown', heard))
}

// Asked before anybody hears the key: the Escape that closes a dialog must not decline an offer as well, and what comes after g
// is for those that wait for it alone: the S of "g S" must not snooze, whoever may go where it leads.
let taken = false
let led = false
let lead = 0
addEventListener('keydown', (e) => {
  taken = modal()
  const text = typing(e.target)
  led = !text && Date.now() - lead < 1000
  lead = e.code === 'KeyG' && !led && !text && !e.ctrlKey && !e.metaKey ? Date.now() : 0
}, { capture: true })

export const mac = /Mac|iP/.test(navigator.platform)
