import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ConversationView, Counts } from '@/api/types'
import { parseFrame, type Item } from './protocol'
import { emptyState, reduce, withCounts, withRows } from './reduce'

// What a real hub said, and what its record held in the end: the app must come to the same.

interface Recording {
  user: string
  counts: Counts
  open: ConversationView[]
  frames: Item[][]
  after: { counts: Counts; open: ConversationView[] }
}
const recording = JSON.parse(readFileSync(join(__dirname, '../../test/frames/demo.json'), 'utf8')) as Recording

describe('the frames of a demo', () => {
  let state = withRows(withCounts(emptyState(recording.user), recording.counts), recording.open)
  for (const frame of recording.frames) state = reduce(state, parseFrame(JSON.stringify(frame)), 0).state

  it('lead to the counts of the record', () => {
    expect(state.countsStale).toBe(false)
    const queues = Object.fromEntries(Object.entries(state.counts.queues).filter(([, n]) => n))
    const { at: _, ...after } = recording.after.counts
    expect({ ...state.counts, queues }).toEqual(after)
  })
  it('lead to the conversations of the record', () => {
    const open = [...state.rows.values()].filter((r) => r.status !== 'resolved')
    expect(open.map((r) => r.id).sort()).toEqual(recording.after.open.map((r) => r.id).sort())
    for (const r of recording.after.open) {
      const held = state.rows.get(r.id)!
      expect([held.version, held.status, held.owner, held.unread, held.customer, held.address, held.preview?.text.replace(/\s+/g, ' ').trim()]).toEqual([r.version, r.status, r.owner, r.unread, r.customer, r.address, r.preview?.text])
    }
  })
  it('end recorded', () => expect(state.recorded).toBe(Number.parseInt(state.at)))
})
