import { describe, expect, it } from 'vitest'
import { segmentsOf } from './segments'

describe('segmentsOf', () => {
  it.each([
    ['', 0, false],
    ['a'.repeat(160), 1, false],
    ['a'.repeat(161), 2, false],
    ['a'.repeat(306), 2, false],
    ['a'.repeat(307), 3, false],
    ['€'.repeat(80), 1, false],
    ['€'.repeat(81), 2, false],
    ['س'.repeat(70), 1, true],
    ['س'.repeat(71), 2, true],
    ['س'.repeat(135), 3, true],
    ['ok 👍', 1, true],
  ])('counts %j', (text, segments, unicode) => {
    expect(segmentsOf(text)).toMatchObject({ segments, unicode })
  })
})
