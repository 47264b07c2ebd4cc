import { describe, expect, it } from 'vitest'
import { amountOf, readField, sameValue } from './fieldValue'

const read = (type: 'text' | 'number' | 'money' | 'date' | 'choice' | 'choices' | 'yes_no' | 'link', v: unknown) => readField({ type }, v)

describe('what is typed into a field', () => {
  it('is a number in digits of either kind', () => {
    expect(read('number', ' ۱٬۲۵۰٫۵ ')).toEqual({ value: 1250.5 })
    expect(read('number', '−12')).toEqual({ value: -12 })
    expect(read('number', '-0')).toEqual({ value: 0 })
    expect(read('number', 'a dozen')).toEqual({ wrong: 'field.wrong.number' })
    expect(read('number', '1.23456')).toEqual({ wrong: 'field.wrong.number' })
    expect(read('number', 12)).toEqual({ value: 12 })
  })
  it('is an amount with its currency', () => {
    expect(read('money', { amount: '۱۲٫۵', currency: 'eur' })).toEqual({ value: { amount: '12.5', currency: 'EUR' } })
    expect(read('money', { amount: '12', currency: '' })).toEqual({ wrong: 'field.wrong.currency' })
    expect(read('money', { amount: 'x', currency: 'EUR' })).toEqual({ wrong: 'field.wrong.number' })
    expect(read('money', { amount: '', currency: 'EUR' })).toEqual({ value: null })
  })
  it('is a link, with or without its beginning', () => {
    expect(read('link', 'shop.example/a')).toEqual({ value: 'https://shop.example/a' })
    expect(read('link', 'http://shop.example')).toEqual({ value: 'http://shop.example' })
    for (const bad of ['javascript://alert', 'two words.example', 'shop', 'https://a:b@shop.example', 'ftp://shop.example']) expect(read('link', bad)).toEqual({ wrong: 'field.wrong.link' })
  })
  it('takes the value away when nothing is left', () => {
    for (const [type, v] of [['text', '  '], ['number', ''], ['choice', null], ['choices', []], ['link', ''], ['date', '']] as const) expect(read(type, v)).toEqual({ value: null })
    expect(read('yes_no', false)).toEqual({ value: false })
    expect(read('text', 'x'.repeat(2001))).toEqual({ wrong: 'field.wrong.long' })
  })
})

it('amounts are read with what stands between thousands', () => expect(['1,250.5', '۱۲٫۵', '', 'x'].map(amountOf)).toEqual(['1250.5', '12.5', undefined, undefined]))
it('an amount is the same in digits or as a number', () => {
  expect(sameValue({ amount: 12.5, currency: 'EUR' }, { amount: '12.5', currency: 'EUR' })).toBe(true)
  expect(sameValue(undefined, [])).toBe(true)
  expect(sameValue(false, null)).toBe(false)
})
