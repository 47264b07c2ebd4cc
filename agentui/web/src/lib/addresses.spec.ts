import { describe, expect, it } from 'vitest'
import { joinAddresses, readAddress, showAddress, splitAddresses, validAddress } from './addresses'

describe('addresses', () => {
  it('are read with and without a name', () => {
    expect(readAddress('a@b.example')).toEqual({ name: '', address: 'a@b.example' })
    expect(readAddress('"Müller, Thomas" <t@b.example>')).toEqual({ name: 'Müller, Thomas', address: 't@b.example' })
    expect(readAddress('نگار موسوی <n@b.example>')).toEqual({ name: 'نگار موسوی', address: 'n@b.example' })
    expect(showAddress('<n@b.example>')).toBe('n@b.example')
  })
  it.each([['a@b.example', true], ['A <a@b.co>', true], ['a@b', false], ['a b@c.example', false], ['a@b@c.example', false], ['', false], ['Name', false], ['a@b.example>', false]])('%j is valid: %s', (text, yes) => expect(validAddress(text)).toBe(yes))
  it('lists are taken apart', () => {
    expect(splitAddresses('a@b.example, "Müller, T" <t@b.example>; c@d.example\ne@f.example')).toEqual(['a@b.example', '"Müller, T" <t@b.example>', 'c@d.example', 'e@f.example'])
    expect(splitAddresses(' ')).toEqual([])
  })
  it('nobody stands in a list twice', () => expect(joinAddresses(['A <a@b.example>'], ['a@B.example', 'c@d.example', 'C@d.example'])).toEqual(['A <a@b.example>', 'c@d.example']))
})
