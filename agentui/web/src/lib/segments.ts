// How many SMS segments a text takes: 160 characters of the GSM 7-bit alphabet in one message or 153 in
// each of several; 70 or 67 UTF-16 units when any character lies outside of it (3GPP TS 23.038, 23.040).

const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
const extended = new Set('\f^{}\\[~]|€')

export interface Segments {
  segments: number
  /** Units used, and units that the present number of segments holds. */
  used: number
  room: number
  unicode: boolean
}

export function segmentsOf(text: string): Segments {
  let septets = 0
  let unicode = false
  for (const c of text) {
    if (basic.has(c)) septets += 1
    else if (extended.has(c)) septets += 2
    else {
      unicode = true
      break
    }
  }
  const used = unicode ? text.length : septets
  const [one, many] = unicode ? [70, 67] : [160, 153]
  const segments = used === 0 ? 0 : used <= one ? 1 : Math.ceil(used / many)
  return { segments, used, room: segments <= 1 ? one : segments * many, unicode }
}
