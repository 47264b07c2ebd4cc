import { locale, number, t } from '@/i18n'
import type { Amount } from '@/api'

// Amounts of money, as the hub writes them: decimal numbers, which a currency goes with.

const formats = new Map<string, Intl.NumberFormat>()

/** money writes an amount in the language's digits with its currency: "€12.50", "€12", "۱۲٬۵۰۰ تومان". */
export function money(amount: Amount | undefined, currency = ''): string {
  const n = Number(amount ?? 0)
  if (currency === 'IRT' || currency === 'IRR') return t(currency === 'IRT' ? 'money.toman' : 'money.rial', { amount: number(n) })
  if (!/^[A-Z]{3}$/.test(currency)) return number(n)
  const key = `${locale.value} ${currency}`
  let f = formats.get(key)
  if (!f) formats.set(key, (f = new Intl.NumberFormat(locale.value === 'fa' ? 'fa-IR' : 'en', { style: 'currency', currency, currencyDisplay: 'narrowSymbol', trailingZeroDisplay: 'stripIfInteger' })))
  return f.format(n)
}

/** currencyName is a currency in words: "Euro", «تومان». */
export function currencyName(currency: string): string {
  if (currency === 'IRT') return t('money.toman', { amount: '' }).trim()
  try {
    return new Intl.DisplayNames(locale.value === 'fa' ? 'fa-IR' : 'en', { type: 'currency' }).of(currency) ?? currency
  } catch {
    return currency
  }
}
