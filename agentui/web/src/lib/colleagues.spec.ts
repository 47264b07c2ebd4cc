import { describe, expect, it } from 'vitest'
import type { ConversationView, Touch } from '@/api/types'
import { mayDo, mayDraft, mayWhisper, ofColleagues } from './colleagues'

const row = (x: Partial<ConversationView> = {}) => ({ id: 'c', status: 'active', owner: 'me', ...x }) as ConversationView
const touch = (x: Partial<Touch>): Touch => ({ id: 'r', n: 5, kind: 'review', author: { kind: 'agent', id: 'me' }, inbound: false, ...x }) as Touch
const verdict = (score: number) => touch({ id: 'v', n: 6, kind: 'verdict', reply_to: 'r', score, author: { kind: 'agent', id: 'she' } })
const ask = (of?: string) => ({ touch: 'r', by: 'me', of, at: 1 })
const no = { use: false, judge: false, send: false }

describe('a second opinion', () => {
  it('is given by who is asked; of any supervisor, by each of them; never by its author', () => {
    expect(mayDo(touch({}), row({ review: ask('she') }), 'she', false, []).judge).toBe(true)
    expect(mayDo(touch({}), row({ review: ask('she') }), 'he', false, []).judge).toBe(false)
    expect(mayDo(touch({}), row({ review: ask() }), 'he', true, []).judge).toBe(true)
    expect(mayDo(touch({}), row({ review: ask() }), 'me', true, []).judge).toBe(false)
    expect(mayDo(touch({}), row(), 'she', true, []).judge).toBe(false)
  })
  it('once given, its owner sends what was approved, with one press, and once', () => {
    expect(mayDo(touch({}), row({ review: ask() }), 'me', false, [])).toEqual(no)
    expect(mayDo(touch({}), row(), 'me', false, [verdict(1)])).toEqual({ use: true, judge: false, send: true })
    expect(mayDo(touch({}), row(), 'me', false, [verdict(0)])).toEqual({ use: true, judge: false, send: false })
    expect(mayDo(touch({}), row(), 'me', false, [verdict(1), touch({ id: 'm', n: 7, kind: 'message' })])).toEqual(no)
    expect(mayDo(touch({}), row({ owner: 'she' }), 'me', false, [verdict(1)])).toEqual(no)
  })
})

it('a draft is the owner’s to use', () => {
  const draft = touch({ kind: 'draft', author: { kind: 'agent', id: 'she' } })
  expect(mayDo(draft, row(), 'me', false, []).use).toBe(true)
  expect(mayDo(draft, row(), 'me', false, [touch({ id: 'm', n: 7, kind: 'message' })]).use).toBe(false)
  expect(mayDo(draft, row({ owner: 'she' }), 'me', true, []).use).toBe(false)
  expect(mayDo(draft, row({ status: 'resolved' }), 'me', false, []).use).toBe(false)
})

it('who may propose, and who may whisper', () => {
  expect(mayDraft(row({ owner: 'she' }), 'me')).toBe(true)
  expect(mayDraft(row(), 'me')).toBe(false)
  expect(mayWhisper(row({ owner: 'she' }), 'me', true)).toBe(true)
  expect(mayWhisper(row({ owner: 'she' }), 'me', false)).toBe(false)
  expect(mayWhisper(row({ owner: 'she', status: 'snoozed' }), 'me', true)).toBe(false)
  expect(ofColleagues(touch({}))).toBe(true)
  expect(ofColleagues(touch({ kind: 'note' }))).toBe(false)
})
