// How many SMS segments a text takes: 160 characters of the GSM 7-bit alphabet in one message or 153 in
// each of several; 70 or 67 UTF-16 units when any character lies outside of it (3GPP TS 23.038, 23.040).
// A character of two units is never cut in two. channels/sms counts the same way, and the same cases hold both to it.

const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
const extended = new Set('\f^{}\\[~]|€')

export interface Segments {
  segments: number
  /** Units used, and units until another segment begins added to them. */
  used: number
  room: number
  unicode: boolean
}

export function segmentsOf(text: string): Segments {
  const unicode = [...text].some((c) => !basic.has(c) && !extended.has(c))
  const [one, many] = unicode ? [70, 67] : [160, 153]
  let used = 0
  let full = 1 // segments, when there are several
  let last = 0 // units in the last of them
  for (const c of text) {
    const size = unicode ? c.length : basic.has(c) ? 1 : 2
    used += size
    if (last + size > many) {
      full += 1
      last = 0
    }
    last += size
  }
  if (used <= one) return { segments: used === 0 ? 0 : 1, used, room: one, unicode }
  return { segments: full, used, room: used + many - last, unicode }
}
