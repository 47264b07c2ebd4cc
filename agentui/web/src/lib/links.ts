/** ltr: a number in groups, which a text from right to left would put in another order. */
export type Part = { text: string; href?: string; ltr?: boolean }

const pattern = /\b(https?:\/\/[^\s<>"]+|[a-z0-9_.+-]+@[a-z0-9_-]+(?:\.[a-z0-9_-]+)+)|(?<![\p{L}\p{N}]|\p{N}[ ().-])(?:\+|\(?[0۰])[\p{Nd} ().-]{5,22}\p{Nd}(?![\p{L}\p{N}])/giu

/** parts splits a text at its web and mail addresses, of which only http, https and mailto become links, and at telephone numbers. */
export function parts(text: string): Part[] {
  const out: Part[] = []
  let at = 0
  for (const m of text.matchAll(pattern)) {
    if (!m[1]) {
      if (!/[+ ().-]/.test(m[0])) continue
      if (m.index > at) out.push({ text: text.slice(at, m.index) })
      out.push({ text: m[0], ltr: true })
      at = m.index + m[0].length
      continue
    }
    // Punctuation at the end belongs to the sentence.
    const found = m[0].replace(/[.,;:!?»)\]}'"،؛؟]+$/, '')
    if (m.index > at) out.push({ text: text.slice(at, m.index) })
    out.push({ text: found, href: /^https?:/i.test(found) ? found : `mailto:${found}` })
    at = m.index + found.length
  }
  if (at < text.length) out.push({ text: text.slice(at) })
  return out
}
