import { expect, it } from 'vitest'
import { dirOf, leftToRight } from './names'

it('a phone number keeps its plus in front in a page of either direction', () => {
  expect(leftToRight('+98 912 345')).toBe('\u200e+98 912 345')
  expect(leftToRight('a@example.com')).toBe('a@example.com')
})

it('a text’s direction is that of its first letter', () => {
  expect(dirOf('سلام، order 12')).toBe('rtl')
  expect(dirOf('12: hello سلام')).toBe('ltr')
  expect(dirOf('+98 912')).toBeUndefined()
})
