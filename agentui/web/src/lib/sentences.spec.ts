import { beforeAll, describe, expect, it } from 'vitest'
import { loadRest, setLocale } from '@/i18n'
import { alertSentence, alertUnit, overflowSentence } from './sentences'

const queue = (id: string) => ({ q2: 'Night' })[id] ?? ''
const plain = (s: { when: string; does: string }) => `${s.when}, ${s.does}`.replace(/[\u2068\u2069]/g, '')

describe('rules as sentences', () => {
  beforeAll(() => setLocale('en').then(loadRest))
  it('say when and then', async () => {
    expect(plain(overflowSentence({ when: 'wait', value: 300, queue: 'q2' }, queue))).toBe('When somebody has waited 5m, then it goes to Night')
    expect(plain(overflowSentence({ when: 'length', value: 10, text: 'It takes a while.' }, queue))).toBe('When more than 10 wait, then its customer is told “It takes a while.”')
    expect(plain(overflowSentence({ when: 'closed', queue: 'q2', text: 'Till tomorrow' }, queue))).toBe('When the queue is closed, then its customer is told “Till tomorrow” and it goes to Night')
    expect(plain(overflowSentence({ when: 'unstaffed' }, queue))).toBe('When no member is at work, then nothing happens yet')
  })
  it('name a queue that is gone by its id, and cut long texts', () => {
    expect(plain(overflowSentence({ when: 'impossible', queue: 'q9' }, queue))).toContain('goes to q9')
    expect(plain(overflowSentence({ when: 'closed', text: 'x'.repeat(500) }, queue)).length).toBeLessThan(150)
  })
  it('give each kind of alert its unit', () => {
    expect(alertSentence({ kind: 'longest_wait', value: 600 }).replace(/[\u2068\u2069]/g, '')).toBe('Somebody waits longer than 10m')
    expect(alertSentence({ kind: 'service_level', value: 80 })).toBe('The service level is below 80%')
    expect([alertUnit('flag'), alertUnit('sla'), alertUnit('service_level'), alertUnit('account')]).toEqual(['time', 'count', 'percent', undefined])
  })
  it('speak Persian', async () => {
    await setLocale('fa')
    expect(plain(overflowSentence({ when: 'length', value: 10, queue: 'q2' }, queue))).toBe('وقتی بیش از ۱۰ نفر منتظرند, آنگاه به Night می‌رود')
    await setLocale('en')
  })
})
