import { locale } from '.'

/** Digits of a text in the language's own, the rest as it is: "09:30" is "۰۹:۳۰". */
export const plainText = (s: string): string => (locale.value === 'fa' ? s.replace(/\d/g, (d) => '۰۱۲۳۴۵۶۷۸۹'[Number(d)]!) : s)
