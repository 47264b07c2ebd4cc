import { locale } from '.'

/** Digits of a text in the language's own, the rest as it is: "09:30" is "۰۹:۳۰". */
export const plainText = (s: string): string => (locale.value === 'fa' ? s.replace(/\d/g, (d) => '۰۱۲۳۴۵۶۷۸۹'[Number(d)]!) : s)

/** Persian and Arabic digits of a text as those that programs read, the rest as it is. */
export const latin = (s: string): string => s.replace(/[۰-۹]/g, (d) => String(d.charCodeAt(0) - 0x6f0)).replace(/[٠-٩]/g, (d) => String(d.charCodeAt(0) - 0x660))

/** A number as it stands in a field: the language's digits and decimal point, two places at most, nothing between thousands. */
export function typedNumber(n: number): string {
  const s = plainText(String(Math.round(n * 100) / 100))
  return locale.value === 'fa' ? s.replace('.', '٫') : s
}

/** What somebody typed, in digits of either kind; undefined: it is not a number that is written out. */
export function readNumber(text: string): number | undefined {
  const s = latin(text.trim()).replace('٫', '.')
  return /^\d{1,15}\.?\d*$|^\.\d+$/.test(s) ? Number(s) : undefined
}
