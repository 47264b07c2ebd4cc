/** copy puts a text on the clipboard; the answer tells whether it is there. Works on plain http, too. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch { /* no clipboard on an origin that is not secure: the old way */ }
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'fixed opacity-0'
  const active = document.activeElement as HTMLElement | null
  ;(active?.closest('[role=dialog]') ?? document.body).append(area)
  area.select()
  try {
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    area.remove()
    active?.focus()
  }
}
