import { describe, expect, it } from 'vitest'
import { fold } from './quote'

describe('fold', () => {
  it('cuts at the head of a quotation', () => {
    expect(fold('Yes.\n\nOn Mon, 16 Nov 2026 at 10:12, Sara <s@example.com> wrote:\n> Is it?\n> Sure?')).toEqual({
      text: 'Yes.',
      quoted: 'On Mon, 16 Nov 2026 at 10:12, Sara <s@example.com> wrote:\nIs it?\nSure?',
    })
  })
  it('knows a head that was broken over two lines', () => {
    expect(fold('Yes.\nOn Mon, 16 Nov 2026 at 10:12, Sara Long Name\n<s@example.com> wrote:\n> Is it?').text).toBe('Yes.')
  })
  it('cuts where only quoted lines follow', () => {
    expect(fold('بله\n> پرسش\n>\n> دوم').quoted).toBe('پرسش\n\nدوم')
  })
  it('leaves answers between quoted lines alone', () => {
    expect(fold('> one\nfirst\n> two\nsecond').quoted).toBe('')
  })
  it('never leaves nothing to read', () => {
    expect(fold('> only quoted')).toEqual({ text: '> only quoted', quoted: '' })
  })
})
