import { beforeAll, expect, it } from 'vitest'
import { loadRest, setLocale } from '@/i18n'
import { actionName, fieldName, valueText } from './auditWords'

const name = (id: string) => ({ u1: 'Leyla' })[id] ?? ''
beforeAll(() => setLocale('en').then(loadRest))

it('says what it knows in words and leaves the rest readable', () => {
  expect(actionName('conversation.assigned')).toBe('handed over')
  expect(actionName('something.else_new')).toBe('something else new')
  expect(fieldName('offer_seconds')).toBe('Offer stands')
  expect(fieldName('Gold')).toBe('Gold')
})

it('writes values for people', () => {
  expect(valueText(300, ['offer_seconds'], name)).toBe('5m')
  expect(valueText(0, ['priority'], name)).toBe('0')
  expect(valueText(['u1', 'u2'], ['members'], name)).toBe('Leyla, u2')
  expect(valueText(true, ['closed'], name)).toBe('yes')
  expect(valueText('break', ['state'], name)).toBe('Break')
  expect(valueText({ skill: 'German', level: 2 }, ['needs'], name)).toBe('Skill: German, Level: 2')
  expect(valueText('load_ratio', ['routing', 'order'], name)).toBe('Lowest load')
  expect(valueText([{ when: 'unstaffed', text: 'Later' }], ['routing', 'overflow'], name)).toContain('When no member is at work')
  expect(valueText(undefined, ['x'], name)).toBe('')
  expect(valueText('x'.repeat(5000), ['text'], name).length).toBeLessThanOrEqual(300)
})
