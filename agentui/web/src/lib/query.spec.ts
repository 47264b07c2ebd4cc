import { describe, expect, it } from 'vitest'
import { filterOf, filtersLike, lastWord, putTogether, takeApart, written } from './query'

const short = (q: string, typing = false) => {
  const a = takeApart(q, typing)
  return [a.filters.map((f) => `${f.key}=${f.value}`), a.text]
}

describe('filters', () => {
  it('are told from words, in both languages', () => {
    expect(short('from:ali blue parcel')).toEqual([['from=ali'], 'blue parcel'])
    expect(short('blue channel:email parcel')).toEqual([['channel=email'], 'blue parcel'])
    expect(short('از:"علی رضایی" پیش‌از:۱۴۰۵/۰۹/۰۱ سفارش')).toEqual([['from=علی رضایی', 'before=۱۴۰۵/۰۹/۰۱'], 'سفارش'])
    expect(short('پيش_از：امروز')).toEqual([['before=امروز'], ''])
  })
  it('are none where the word is no name of one', () => {
    expect(short('see https://a.example at 12:30 "from:ali"')).toEqual([[], 'see https://a.example at 12:30 "from:ali"'])
    expect(filterOf('color:red')).toBeUndefined()
  })
  it('are not finished while they are typed', () => {
    expect(short('from:al', true)).toEqual([[], 'from:al'])
    expect(short('from:ali ', true)).toEqual([['from=ali'], ''])
    expect(short('tag:"big deal', true)).toEqual([[], 'tag:"big deal'])
    expect(short('tag:"big deal"', true)).toEqual([['tag=big deal'], ''])
    expect(short('from: ali', true)).toEqual([[], 'from: ali'])
  })
  it('are written so that they are read again', () => {
    for (const l of ['en', 'fa'] as const) {
      expect(filterOf(written('tag', 'big "deal"', l))).toMatchObject({ key: 'tag', value: 'big deal' })
      expect(filterOf(written('before', '7d', l))).toMatchObject({ key: 'before', value: '7d' })
    }
    const q = 'از:"علی رضایی" channel:email سفارش من'
    expect(putTogether(takeApart(q))).toBe(q)
    expect(takeApart(putTogether(takeApart(`سفارش ${q}`)))).toEqual(takeApart(`سفارش ${q}`))
  })
  it('are proposed by the beginning of a name', () => {
    expect(filtersLike('ch')).toEqual(['channel'])
    expect(filtersLike('پی')).toEqual(['before'])
    expect(filtersLike('b')).toEqual(['from', 'before'])
    expect(filtersLike('zz')).toEqual([])
  })
})

it('knows the word that is being typed', () => {
  expect(lastWord('blue fr')).toEqual({ raw: 'fr', at: 5 })
  expect(lastWord('blue ')).toEqual({ raw: '', at: 5 })
  expect(lastWord('x from:"ali r')).toEqual({ raw: 'from:"ali r', at: 2 })
})
