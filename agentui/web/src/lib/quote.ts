// A mail's own words, apart from its signature and from what it quotes: by the rule of channels/email/quote.go,
// with whose cases (channels/email/testdata/quotes.json) this one is tested.

const separator = /^-{2,} ?(?:Original Message|Original Appointment|Ursprüngliche Nachricht|Originalnachricht|Original-Nachricht|Message d['’]origine|Message original|Mensaje original|Mensagem original|Messaggio originale|Oorspronkelijk bericht|Исходное сообщение|Orijinal Mesaj|Orijinal İleti|Özgün İleti|الرسالة الأصلية|پیام اصلی) ?-{2,}$/i
const rule = /^_{5,}$/
const fromLine = /^\*?(?:From|Von|De|Da|Van|От|Kimden|Gönderen|من|از)\*? ?:\*? ?\S/
// By language: English, German, French, Spanish and Portuguese, Italian, Dutch, Russian, Turkish, Arabic, Persian.
const blockLine = /^\*?(?:Sent|Date|To|Cc|CC|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado|Enviado el|Enviada em|Fecha|Para|Asunto|Data|Assunto|Inviato|A|Oggetto|Verzonden|Aan|Onderwerp|Отправлено|Дата|Кому|Копия|Тема|Gönderildi|Gönderme Tarihi|Tarih|Kime|Bilgi|Konu|تم الإرسال|مرسل|التاريخ|إلى|نسخة|الموضوع|ارسال|ارسال شده|ارسال‌شده|تاریخ|به|رونوشت|موضوع)\*? ?:/
const forwardLine = /^(?:-{2,} ?(?:Forwarded message|Weitergeleitete Nachricht|Message transféré|Message transmis|Mensaje reenviado|Mensagem encaminhada|Messaggio inoltrato|Пересылаемое сообщение|Yönlendirilmiş ileti|İletilmiş ileti|رسالة مُعاد توجيهها|رسالة معاد توجيهها|پیام هدایت‌شده|پیام بازارسال‌شده|پیام فوروارد شده).*-{2,}|Begin forwarded message:|Anfang der weitergeleiteten Nachricht:|Début du message réexpédié ?:|Début du message transféré ?:|Inicio del mensaje reenviado:)$/i
const wrote = [
  /^On .*[0-9].* wrote ?:$/,
  /^Am .*[0-9].* schrieb(?: .*)?:$/,
  /^Le .*[0-9].* a écrit ?:$/,
  /^El .*[0-9].* escribió ?:$/,
  /^Em .*[0-9].* escreveu ?:$/,
  /^Il .*[0-9].* ha scritto ?:$/,
  /^Op .*[0-9].* schreef .*:$/,
  /^[0-9]{1,2}[ ./].*[0-9]{4}.* (?:yazdı|şunu yazdı|şunları yazdı) ?:$/,
  /^.{1,100}<.*@.*>, [0-9]{1,2} .*[0-9]{4}.* tarihinde (?:şunu|şunları) yazdı ?:$/,
  /^[0-9]{1,2}[ ./].*[0-9]{4}.* (?:пишет|написал|написала|написал\(а\)) ?:$/,
  /^(?:[0-9]{1,2}[.][0-9]{1,2}[.][0-9]{4}|(?:пн|вт|ср|чт|пт|сб|вс), [0-9]).*(?:пишет|написал|написала|написал\(а\)|<.*@.*>) ?:$/,
  /^[0-9]{4}-[0-9]{2}-[0-9]{2} .*<.*@.*> ?:$/,
  /^(?:في|بتاريخ|يوم) .*[0-9٠-٩].* (?:كتب|كتبت|كتب\/كتبت|تمت كتابة ما يلي بواسطة)(?: .*)? ?:$/,
  /^(?:در|به تاریخ) .*[0-9۰-۹٠-٩].* (?:نوشت|نوشته|نوشته است|نوشته‌است|نوشتند) ?:$/,
]
const sentFrom = /^(?:(?:Sent from (?:my|mail|outlook|yahoo|proton)|Sent via |Sent with |Get Outlook for |Von meinem |Gesendet (?:von|mit) |Diese Nachricht wurde von meinem |Envoyé (?:de|depuis|à partir de) |Enviado (?:desde|do|de) |Inviato da |Verzonden (?:vanaf|met) |Отправлено (?:с|из) |(?:iPhone|iPad|Android|Samsung).{0,40}(?:gönderildi|gönderilmiştir)|أرسلت من |أُرسلت من |تم الإرسال من |مرسل من |ارسال شده از |ارسال‌شده از |فرستاده شده از |فرستاده‌شده از |از (?:آیفون|گوشی) من ).{0,80}\.?|(?:iPhone|iPad)['’]?(?:umdan|imden|ımdan) gönderildi\.?)$/i

// Marks of direction, and spaces that do not break.
const marks = new RegExp('[\\u200e\\u200f\\u061c\\u202a-\\u202e\\u2066-\\u2069\\r]', 'g')
const plainLine = (l: string) => l.replace(marks, '').replace(/[\u00a0\u202f]/g, ' ').replace(/^[ \t]+|[ \t]+$/g, '')
const size = (s: string) => new TextEncoder().encode(s).length

export interface Folded {
  text: string
  /** "" when there is none, or when nothing else would stay. */
  signature: string
  quoted: string
}

/** fold takes a mail's text apart. Nothing is folded when nothing would stay to be read. */
export function fold(text: string): Folded {
  let [visible, quoted] = [text, '']
  const lines = text.split('\n')
  const start = foldStart(lines.map(plainLine))
  if (start >= 0) {
    const own = lines.slice(0, start).join('\n').replace(/[ \t\r\n]+$/, '')
    if (own.trim()) [visible, quoted] = [own, lines.slice(start).join('\n').replace(/^[\r\n]+/, '')]
  }
  const rest = visible.split('\n')
  const at = signatureStart(rest.map(plainLine))
  if (at >= 0) {
    const own = rest.slice(0, at).join('\n').replace(/[ \t\r\n]+$/, '')
    if (own.trim()) return { text: own, signature: rest.slice(at).join('\n'), quoted }
  }
  return { text: visible, signature: '', quoted }
}

/** What is folded away, for people: the signature, and the quotation without its ">". */
export function foldedPart(f: Folded): string {
  return [f.signature, f.quoted.split('\n').map((l) => l.replace(/^\s*>\s?/, '')).join('\n').trim()].filter(Boolean).join('\n\n')
}

/** The line at which the quoted history begins; -1: there is none. */
function foldStart(plain: string[]): number {
  const own = plain.slice(0, lastSignature(plain))
  const rest = kinds(own)
  let start = -1
  let forwarded = own.length
  for (let i = 0; i < own.length; i++) {
    const end = attributed(own, i)
    if (separator.test(own[i]!) || headerBlock(own, i) || (end > 0 && (rest[end] === quotedOnly || rest[end] === ownOnly))) {
      start = i
      break
    }
    if (forwardLine.test(own[i]!)) {
      forwarded = i
      break
    }
  }
  const tail = quotedTail(own)
  if (tail >= 0 && tail < forwarded && (start < 0 || tail < start)) start = tail
  while (start > 0 && (plain[start - 1] === '' || rule.test(plain[start - 1]!))) start--
  return start
}

/** Where a signature below everything begins, history included. */
function lastSignature(plain: string[]): number {
  const at = signatureStart(plain)
  if (at < 0 || kinds(plain.slice(at))[0] !== ownOnly) return plain.length
  for (let i = at; i < plain.length; i++) {
    if (separator.test(plain[i]!) || headerBlock(plain, i) || attributed(plain, i) > 0 || forwardLine.test(plain[i]!)) return plain.length
  }
  return at
}

function signatureStart(plain: string[]): number {
  const last = plain.findLastIndex((l) => l !== '')
  if (last < 0) return -1
  for (let i = last; i >= 0 && i >= last - 20; i--) if (plain[i] === '--') return i
  return size(plain[last]!) <= 120 && sentFrom.test(plain[last]!) ? last : -1
}

function headerBlock(lines: string[], i: number): boolean {
  return fromLine.test(lines[i]!) && lines.slice(i + 1, i + 6).filter((l) => blockLine.test(l)).length >= 2
}

/** The line behind an attribution that begins at line i; 0: none does. */
function attributed(lines: string[], i: number): number {
  if (lines[i] === '' || lines[i]!.startsWith('>')) return 0
  let joined = ''
  for (let j = i; j < lines.length && j < i + 3; j++) {
    if (j > i && lines[j] === '') return 0
    joined = `${joined} ${lines[j]}`.replace(/^ +| +$/g, '')
    if (size(joined) > 500) return 0
    if (joined.endsWith(':') && wrote.some((w) => w.test(joined))) return j + 1
  }
  return 0
}

// What the lines from one on to the end are, blank ones aside; 3: mixed.
const quotedOnly = 1
const ownOnly = 2
function kinds(lines: string[]): number[] {
  const out = Array.from({ length: lines.length + 1 }, () => 0)
  for (let i = lines.length - 1; i >= 0; i--) out[i] = out[i + 1]! | (lines[i] === '' ? 0 : lines[i]!.startsWith('>') ? quotedOnly : ownOnly)
  return out
}

/** The first line of the last block of ">" lines when nothing but blank lines follows it; -1: none. */
function quotedTail(lines: string[]): number {
  let first = -1
  for (let i = lines.length - 1; i >= 0; i--) {
    if (lines[i] === '') continue
    if (!lines[i]!.startsWith('>')) break
    first = i
  }
  return first
}

/** A subject without what answers and forwards put before it. */
export const stemOf = (subject: string): string => subject.replace(/^(?:(?:re|fwd?|aw|wg|sv|antw|پاسخ|هدایت)\s*(?:\[\d+\])?\s*[:：]\s*)+/i, '').trim()
