import { expect, it } from 'vitest'
import { en } from '@/i18n/en'
import { fa } from '@/i18n/fa'
import restEn from '@/i18n/rest-en'
import restFa from '@/i18n/rest-fa'
import { router } from '@/router'
import { pagePlaces, placesLike } from './pagePlaces'

it('pages are found by what they are called in either language', () => {
  const find = (q: string) => placesLike(q, () => true, () => true).map((p) => p.name)
  expect(find('تقويم')).toContain('settings-calendars')
  expect(find('calen')).toContain('settings-calendars')
  expect(find('گذرواژه')).toEqual(['profile'])
  expect(find('assw')).toEqual([])
  expect(placesLike('profile', (r) => r === 'agent', () => true).map((p) => p.name)).toEqual(['profile'])
  expect(placesLike('profile', () => true, () => false)).toEqual([])
})

it('pages are there, and titles are those of the pages', () => {
  const titles = (x: object) => new Set(Object.values(x))
  const [inEn, inFa] = [titles({ ...en, ...restEn }), titles({ ...fa, ...restFa })]
  expect(pagePlaces.filter((p) => !router.hasRoute(p.name)).map((p) => p.name)).toEqual([])
  expect(pagePlaces.filter((p) => !inEn.has(p.en) || !inFa.has(p.fa)).map((p) => [p.en, p.fa])).toEqual([])
})
