import { describe, expect, it } from 'vitest'
import type { Touch } from '@/api/types'
import { foldChanges as all, versions } from './changes'

const foldChanges = (items: Touch[]) => all(items).list

let n = 0
const touch = (id: string, text: string, more: Partial<Touch> = {}): Touch => ({
  id, n: ++n, kind: 'message', conversation: 'c', identity: 'i', account: 'a', channel: 'x', inbound: true,
  author: { kind: 'customer' }, at: n * 1000, state: 'received', rev: 1, body: { text }, ...more,
})
const edit = (id: string, of: string, text: string, more: Partial<Touch> = {}) => touch(id, text, { kind: 'edit', of, ...more })

describe('foldChanges', () => {
  it('shows the newest text and keeps the earlier ones', () => {
    const [s, other] = foldChanges([touch('m', 'one'), touch('o', 'other'), edit('e1', 'm', 'two'), edit('e2', 'm', 'three')])
    expect(s).toMatchObject({ text: 'three', touch: { id: 'm' } })
    expect(versions(s!).map((v) => v.text)).toEqual(['three', 'two', 'one'])
    expect(other).toMatchObject({ text: 'other', edits: [] })
  })
  it('an edit, and an answer, may name the edit before it', () => {
    const { list, of } = all([touch('m', 'one'), edit('e1', 'm', 'two'), edit('e2', 'e1', 'three')])
    expect(list).toMatchObject([{ text: 'three' }])
    expect(of.get('e2')).toBe(list[0])
  })
  it('keeps the original of what was taken back', () => {
    const held = foldChanges([touch('m', 'secret'), touch('d', '', { kind: 'deletion', of: 'm', body: undefined })])
    expect(held).toHaveLength(1)
    expect(held[0]).toMatchObject({ text: 'secret', deletion: { id: 'd' } })
  })
  it('shows a change of a message that is not held by itself', () => {
    expect(foldChanges([edit('e1', 'gone', 'two')])).toMatchObject([{ touch: { id: 'e1' }, text: 'two' }])
  })
  it('an agent’s edit carries the state until it is sent', () => {
    const ours = { inbound: false, author: { kind: 'agent' as const }, state: 'read' as const }
    expect(foldChanges([touch('m', 'one', ours), edit('e', 'm', 'two', { ...ours, state: 'queued' })])[0]).toMatchObject({ text: 'two', state: { state: 'queued' } })
    expect(foldChanges([touch('m', 'one', ours), edit('e', 'm', 'two', { ...ours, state: 'sent' })])[0]).toMatchObject({ text: 'two', state: { id: 'm', state: 'read' } })
  })
  it('a refused edit leaves the text that the customer sees', () => {
    const ours = { inbound: false, state: 'sent' as const }
    const [s] = foldChanges([touch('m', 'one', ours), edit('e', 'm', 'two', { ...ours, state: 'failed', error: 'too old' })])
    expect(s).toMatchObject({ text: 'one', failed: { error: 'too old' }, state: { id: 'm' } })
    expect(versions(s!)[0]).toMatchObject({ text: 'two', failed: true })
  })
  it('takes the files of an edit that brings some', () => {
    const f = [{ name: 'a.png', type: 'image/png', kind: 'image' }]
    const [s] = foldChanges([touch('m', '', { body: { text: '', files: f } }), edit('e1', 'm', 'x'), edit('e2', 'm', 'y', { body: { text: 'y', files: f } })])
    expect(s!.files.id).toBe('e2')
  })
})
