import type { AttributeField } from '@/api'
import type { Key } from '@/i18n'
import { readNumber } from '@/i18n/digits'

// What somebody typed into a typed field, as the hub keeps it: digits of either kind, what stands between thousands, a link without its beginning.

export type Read = { value: unknown } | { wrong: Key }

export const emptyValue = (v: unknown): boolean => v === undefined || v === null || v === '' || (Array.isArray(v) && !v.length)

/** A decimal number as the hub takes it, of digits and separators of either kind. */
export function amountOf(text: string): string | undefined {
  const n = readNumber(text.replace(/[,٬\s']/g, ''))
  return n === undefined ? undefined : String(n)
}

/** Likewise, and below nothing; at most four digits stand behind the point. */
function signed(text: string): string | undefined {
  const below = /^[-−\u200e]+/.exec(text.trim())?.[0] ?? ''
  const n = amountOf(text.trim().slice(below.length))
  return n === undefined || /e|\.\d{5}/.test(n) ? undefined : /[-−]/.test(below) && n !== '0' ? `-${n}` : n
}

const link = (s: string) => {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(s) ? s : `https://${s}`
  if (/\s/.test(text)) return undefined
  try {
    const u = new URL(text)
    return /^https?:$/.test(u.protocol) && u.hostname.includes('.') && !u.username && !u.password ? text : undefined
  } catch {
    return undefined
  }
}

/** readField gives the value to keep, null to take it away, or what is wrong with it. */
export function readField(f: Pick<AttributeField, 'type' | 'required'>, typed: unknown): Read {
  const v = typeof typed === 'string' ? typed.trim() : typed
  if (emptyValue(v)) return { value: null }
  switch (f.type) {
    case 'number': {
      const n = signed(String(v))
      return n === undefined ? { wrong: 'field.wrong.number' } : { value: Number(n) }
    }
    case 'money': {
      const { amount = '', currency = '' } = typeof v === 'object' ? (v as { amount?: unknown; currency?: string }) : { amount: v }
      if (String(amount).trim() === '') return { value: null }
      const n = signed(String(amount))
      if (n === undefined) return { wrong: 'field.wrong.number' }
      return /^[A-Za-z]{3}$/.test(currency.trim()) ? { value: { amount: n, currency: currency.trim().toUpperCase() } } : { wrong: 'field.wrong.currency' }
    }
    case 'link': {
      const l = link(String(v))
      return l && l.length <= 2000 ? { value: l } : { wrong: 'field.wrong.link' }
    }
    case 'text':
      return [...String(v)].length > 2000 ? { wrong: 'field.wrong.long' } : { value: v }
    default:
      return { value: v }
  }
}

/** Whether two values say the same; an amount is a number or its digits. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (emptyValue(a) || emptyValue(b)) return emptyValue(a) && emptyValue(b)
  const plain = (v: unknown) => JSON.stringify(v && typeof v === 'object' && 'amount' in v ? [Number(v.amount), (v as { currency?: string }).currency] : v)
  return plain(a) === plain(b)
}
