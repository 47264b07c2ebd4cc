import { expect, it } from 'vitest'
import { becomesLines } from './becomes'

it('says what a row becomes', () => {
  const day = (ms: number) => `day ${ms}`
  expect(becomesLines({ name: 'علی', tags: ['vip', 'tea'], tier: '', identities: [{ channel: 'sms', address: '+98912' }], attributes: { size: { amount: 3, currency: 'EUR' }, born: '1970-01-02' } }, day, day)).toEqual([
    { key: 'name', text: 'علی' }, { key: 'tags', text: 'vip, tea' }, { key: 'sms', text: '+98912' }, { key: 'size', text: '3 EUR' }, { key: 'born', text: 'day 86400000' },
  ])
  expect(becomesLines({ kind: 'call', at: 5, customer: { channel: 'phone', address: '+98', name: 'Sara' }, inbound: true, data: { seconds: 9 } }, day, day)).toEqual([
    { key: 'kind', text: 'call' }, { key: 'at', text: 'day 5' }, { key: 'name', text: 'Sara' }, { key: 'phone', text: '+98' }, { key: 'inbound', text: 'true' }, { key: 'seconds', text: '9' },
  ])
})
