import { expect, it } from 'vitest'
import { parts } from './links'

it('a text is split at its addresses', () => {
  expect(parts('see https://a.example/x?y=1. or a.b+c@d.example!')).toEqual([{ text: 'see ' }, { text: 'https://a.example/x?y=1', href: 'https://a.example/x?y=1' }, { text: '. or ' }, { text: 'a.b+c@d.example', href: 'mailto:a.b+c@d.example' }, { text: '!' }])
  expect(parts('javascript:alert(1)')).toEqual([{ text: 'javascript:alert(1)' }])
})
it('and at telephone numbers in groups, which keep their order in either direction', () => {
  expect(parts('شماره‌ام +98 912 345 6789 است')).toEqual([{ text: 'شماره‌ام ' }, { text: '+98 912 345 6789', ltr: true }, { text: ' است' }])
  expect(parts('۰۹۱۲ ۳۴۵ ۶۷۸۹')).toEqual([{ text: '۰۹۱۲ ۳۴۵ ۶۷۸۹', ltr: true }])
  for (const plain of ['09123456789', 'گزینه‌های ۱ ۲ ۳ ۴ ۵ ۶ ۷', 'order A-1002', '12 000 000']) expect(parts(plain)).toEqual([{ text: plain }])
})
