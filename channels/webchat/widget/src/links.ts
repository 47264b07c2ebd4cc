/** A piece of a message: text, or text that leads to href. */
export interface Piece {
  text: string
  href?: string
}

const address = /\bhttps?:\/\/[^\s<>"'«»“”]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+/gi

/**
 * Finds web and mail addresses. Only http, https and mailto come out as links, whatever the text says, and
 * what is shown is what the text says.
 */
export function pieces(text: string): Piece[] {
  const out: Piece[] = []
  let from = 0
  for (const m of text.matchAll(address)) {
    const found = trim(m[0])
    const href = found.includes('://') ? web(found) : 'mailto:' + found
    if (!href) continue
    if (m.index! > from) out.push({ text: text.slice(from, m.index) })
    out.push({ text: found, href })
    from = m.index! + found.length
  }
  if (from < text.length) out.push({ text: text.slice(from) })
  return out
}

// Punctuation at the end belongs to the sentence; a closing bracket too, unless it was opened inside.
function trim(s: string): string {
  for (;;) {
    const last = s[s.length - 1]
    const open = { ')': '(', ']': '[', '}': '{' }[last]
    if (open ? s.split(open).length < s.split(last).length : /[.,;:!?…،؛؟]/.test(last)) s = s.slice(0, -1)
    else return s
  }
}

function web(s: string): string | undefined {
  try {
    const u = new URL(s)
    return /^https?:$/.test(u.protocol) && !u.username ? u.href : undefined
  } catch {
    return undefined
  }
}
