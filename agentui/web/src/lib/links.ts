export type Part = { text: string; href?: string }

const pattern = /\b(https?:\/\/[^\s<>"]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)/gi

/** parts splits a text at its web and mail addresses; only http, https and mailto become links. */
export function parts(text: string): Part[] {
  const out: Part[] = []
  let at = 0
  for (const m of text.matchAll(pattern)) {
    // Punctuation at the end belongs to the sentence.
    const found = m[0].replace(/[.,;:!?»)\]}'"،؛؟]+$/, '')
    if (m.index > at) out.push({ text: text.slice(at, m.index) })
    out.push({ text: found, href: /^https?:/i.test(found) ? found : `mailto:${found}` })
    at = m.index + found.length
  }
  if (at < text.length) out.push({ text: text.slice(at) })
  return out
}
