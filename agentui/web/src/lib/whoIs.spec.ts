import { beforeAll, expect, it } from 'vitest'
import { setLocale } from '@/i18n'
import { addressesOf, channelOf, customerName, knownSince } from './whoIs'

beforeAll(() => setLocale('en'))
const own = { channel: 'customer', address: 'c1' }
const phone = { channel: 'phone', address: '+98912' }

it('a customer is called by name, else by an address, never by what stands for the customer itself', () => {
  expect(customerName({ name: 'Sara' }, [own, phone])).toBe('Sara')
  expect(customerName({ name: '' }, [own, phone])).toBe('\u200e+98912')
  expect(customerName({ name: '' }, [own])).toBe('Unknown customer')
  expect(customerName({ name: '', erased_at: 5 }, [{ channel: 'phone', address: '' }])).toBe('Erased')
  expect(addressesOf([own, phone])).toEqual([phone])
})
it('is known since the first touch, also when that was told later', () => {
  expect(knownSince({ created_at: 10 }, { first_touch: 4 })).toBe(4)
  expect(knownSince({ created_at: 10 }, { first_touch: 12 })).toBe(10)
  expect(knownSince({ created_at: 10 }, {})).toBe(10)
})
it('tells from what is typed where it belongs', () => {
  expect(['a@b.example', '۰۹۱۲ ۳۴۵', '+1 (212) 555', '@name', 'A-77', '12'].map(channelOf)).toEqual(['email', 'phone', 'phone', '', '', ''])
})
