import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fold, foldedPart, stemOf } from './quote'

const cases = JSON.parse(readFileSync(join(__dirname, '../../../../channels/email/testdata/quotes.json'), 'utf8')) as { name: string; text: string; visible: string; signature: string; quoted: string }[]

describe('fold', () => {
  it('has the cases of the mail channel', () => expect(cases.length).toBeGreaterThan(50))
  it.each(cases.map((c) => [c.name, c] as const))('%s', (_, c) => {
    expect(fold(c.text)).toEqual({ text: c.visible, signature: c.signature, quoted: c.quoted })
  })
  it.each(['On 1 a wrote:\nx\n> y\n', 'From: a\n', 'a: <b@c>, 1 ', '> \n', '\n'])('is quick: %j', (part) => {
    const at = performance.now()
    fold(part.repeat(20_000))
    expect(performance.now() - at).toBeLessThan(2000)
  })
})
it('what is folded away reads without its marks', () => {
  expect(foldedPart(fold('Yes.\n\nOn Mon, 16 Nov 2026 at 10:12, Sara <s@example.com> wrote:\n> Is it?\n> Sure?'))).toBe('On Mon, 16 Nov 2026 at 10:12, Sara <s@example.com> wrote:\nIs it?\nSure?')
})
it.each([['Re: Fwd: AW: Order', 'Order'], ['پاسخ: سفارش', 'سفارش'], ['Regarding: x', 'Regarding: x'], ['Re:', '']])('the stem of %j', (s, stem) => expect(stemOf(s)).toBe(stem))
