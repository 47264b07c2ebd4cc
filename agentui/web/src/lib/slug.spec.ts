import { expect, it } from 'vitest'
import { slug } from './slug'

it('makes ids of names', () => {
  expect(slug('Shoe size', [])).toBe('shoe_size')
  expect(slug('2nd phone', [])).toBe('f_2nd_phone')
  expect(slug('Tasting', ['x_tasting'], 'x_')).toBe('x_tasting_2')
  for (const name of ['اندازهٔ کفش', '', '!!', 'a'.repeat(80)]) expect(slug(name, [])).toMatch(/^[a-z][a-z0-9_]{0,39}$/)
  expect(slug('چشیدن', [], 'x_')).toMatch(/^x_[a-z0-9_]{1,38}$/)
})
