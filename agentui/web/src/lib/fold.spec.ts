import { expect, it } from 'vitest'
import { fold, folds } from './fold'

it('folds what is the same word', () => {
  const same: [string, string][] = [
    ['علي', 'علی'], ['كتاب', 'کتاب'], ['خانۀ ما', 'خانه ما'], ['می‌روم', 'میروم'], ['مؤمن', 'مومن'], ['مســجد', 'مسجد'],
    ['قَلَم', 'قلم'], ['آبان', 'ابان'], ['۱۲۳', '123'], ['٤٥٦', '456'], ['Müller', 'muller'], ['ÉCOLE', 'ecole'], ['مسئله', 'مسیله'],
  ]
  for (const [a, b] of same) expect(fold(a), a).toBe(fold(b))
  for (const [a] of same) expect(fold(fold(a))).toBe(fold(a))
  expect(fold('بار')).not.toBe(fold('باز'))
})

it('finds by the beginnings of words', () => {
  expect(folds('Customer record settings', 'rec set')).toBe(true)
  expect(folds('تنظیمات پرونده', 'پروند')).toBe(true)
  expect(folds('Working hours', 'our')).toBe(true)
  expect(folds('Working hours', 'ou')).toBe(false)
  expect(folds('Working hours', '')).toBe(false)
})
