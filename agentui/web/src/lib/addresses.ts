// Addresses as a mail's header has them: "Name <a@b>" or "a@b".

export interface Address {
  name: string
  address: string
}

const shape = /^[^\s@<>(),;:"[\]]+@[^\s@<>(),;:"[\]]+\.[^\s@<>(),;:"[\]]{2,}$/u

export function readAddress(text: string): Address {
  const m = /^\s*(.*?)\s*<([^<>]*)>\s*$/.exec(text)
  if (!m) return { name: '', address: text.trim() }
  return { name: m[1]!.replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1').trim(), address: m[2]!.trim() }
}

export const validAddress = (text: string): boolean => shape.test(readAddress(text).address)

/** For people: the name, else the address. */
export function showAddress(text: string): string {
  const a = readAddress(text)
  return a.name || a.address
}

/** splitAddresses takes a typed or pasted list apart: at commas, semicolons and line ends outside of quotes and angles. */
export function splitAddresses(text: string): string[] {
  const out: string[] = []
  let part = ''
  let quoted = false
  let angled = false
  for (const c of text) {
    if (c === '"') quoted = !quoted
    else if (c === '<') angled = true
    else if (c === '>') angled = false
    if (c === '\n' || (!quoted && !angled && /[,;،؛]/.test(c))) {
      out.push(part)
      part = ''
      quoted = angled = false
    } else part += c
  }
  out.push(part)
  return out.map((p) => p.trim()).filter(Boolean)
}

/** joinAddresses adds to a list what it does not hold; case does not matter. */
export function joinAddresses(held: readonly string[], more: readonly string[]): string[] {
  const seen = new Set(held.map((x) => readAddress(x).address.toLowerCase()))
  const out = [...held]
  for (const x of more) {
    const k = readAddress(x).address.toLowerCase()
    if (!seen.has(k)) out.push(x)
    seen.add(k)
  }
  return out
}
