// A mail's own words, apart from what it quotes.

const heads = [
  /^on .{5,200} wrote:\s*$/i,
  /^am .{5,200} schrieb .{1,200}:\s*$/i,
  /^le .{5,200} a écrit\s*:\s*$/i,
  /^(در|به تاریخ) .{5,200} (نوشت|نوشته است)\s*:\s*$/,
  /^-{2,}\s*(original message|forwarded message|پیام اصلی).*-{2,}\s*$/i,
  /^_{10,}\s*$/,
]

export interface Folded {
  text: string
  /** The quoted rest, ">" taken off; "" when there is none. */
  quoted: string
}

/** fold cuts at the first head of a quotation, or where nothing but quoted lines follows. */
export function fold(text: string): Folded {
  const lines = text.replace(/\r\n?/g, '\n').split('\n')
  let cut = lines.length
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.trim()
    // A head may be broken over two lines.
    const pair = `${line} ${lines[i + 1]?.trim() ?? ''}`
    if (heads.some((h) => h.test(line) || (line.length > 8 && !line.startsWith('>') && h.test(pair) && !heads.some((x) => x.test(lines[i + 1]?.trim() ?? ''))))) {
      cut = i
      break
    }
    if (line.startsWith('>') && lines.slice(i).every((l) => l.trim() === '' || l.trim().startsWith('>'))) {
      cut = i
      break
    }
  }
  const own = lines.slice(0, cut).join('\n').trimEnd()
  if (!own.trim() || cut === lines.length) return { text, quoted: '' }
  return { text: own, quoted: lines.slice(cut).map((l) => l.replace(/^\s*>\s?/, '')).join('\n').trim() }
}
