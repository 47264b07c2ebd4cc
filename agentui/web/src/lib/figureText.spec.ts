import { beforeAll, describe, expect, it } from 'vitest'
import { loadRest, setLocale } from '@/i18n'
import { change, countsAs, measured, valueOf } from './figureText'

beforeAll(async () => {
  await setLocale('en')
  await loadRest()
})

describe('figures in words', () => {
  it('are as precise as they are worth', () => {
    expect(measured(440)).toBe('0.4s')
    expect(measured(42_400)).toBe('42s')
    expect(measured(59_700)).toBe('1m')
    expect(measured(239_600)).toBe('4m')
    expect(measured(7_199_000)).toBe('2h')
    expect(measured(185_000)).toBe('3m 5s')
    expect(measured(-7_800_000)).toBe('−2h 10m')
    expect(valueOf(0.7956, 'share')).toBe('79.6 %')
    expect(valueOf(null, 'ms')).toBe('–')
    expect(valueOf(1234, 'count')).toBe('1,234')
  })
  it('in Persian have Persian digits', async () => {
    await setLocale('fa')
    expect(valueOf(0.5, 'share')).toBe('۵۰٪')
    await setLocale('en')
  })
  it('change against something only', () => {
    expect(change(150, 100)).toBe(0.5)
    expect(change(1, 0)).toBeNull()
    expect(change(null, 3)).toBeNull()
  })
})

it('a list says what counted for its figure', () => {
  expect(countsAs('service_level', 'answered', true)).toBe('yes')
  expect(countsAs('service_level', 'answered', false)).toBe('no')
  expect(countsAs('service_level', 'abandoned', true)).toBe('apart') // within the target
  expect(countsAs('service_level', 'flow_out', true)).toBe('no')
  expect([countsAs('csat', 'rating', false), countsAs('asa', 'answered', false)]).toEqual(['no', ''])
})
