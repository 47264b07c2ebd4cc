// Texts as search compares them, whatever keyboard wrote them: without case, accents and diacritics, with one form of each
// Persian letter, without joiners and tatweel, digits as programs read them. The hub folds what it searches the same way.

const letters: Record<string, string> = { ي: 'ی', ى: 'ی', ې: 'ی', ك: 'ک', ە: 'ه', ة: 'ه', ۂ: 'ه', ھ: 'ه', ہ: 'ه', ٱ: 'ا' }

export function fold(s: string): string {
  return s
    .normalize('NFKD')
    .replace(/[\p{M}\u0640\u0621\u200b-\u200f\u2066-\u2069\ufeff]/gu, '')
    .replace(/[يىېكەةۂھہٱ]/g, (c) => letters[c]!)
    .replace(/[۰-۹]/g, (d) => String(d.charCodeAt(0) - 0x6f0))
    .replace(/[٠-٩]/g, (d) => String(d.charCodeAt(0) - 0x660))
    .toLowerCase()
}

/** Whether every word of what is asked begins a word of the text, or stands in it where it is long enough to mean it; of what is said besides, only beginnings count. */
export function folds(text: string, asked: string, besides = ''): boolean {
  const words = fold(asked).split(/\s+/).filter(Boolean)
  const folded = fold(text)
  const all = ` ${folded} ${fold(besides)}`
  return words.length > 0 && words.every((w) => all.includes(` ${w}`) || (w.length > 2 && folded.includes(w)))
}
