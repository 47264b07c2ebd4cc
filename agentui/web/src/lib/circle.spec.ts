import { describe, expect, it } from 'vitest'
import type { Overflow } from '@/api'
import { circle } from './circle'

const to = (...queues: string[]): Overflow[] => queues.map((queue) => ({ when: 'closed', queue }))
const q = (id: string, ...queues: string[]) => ({ id, routing: { overflow: to(...queues) } })

describe('overflow that leads back', () => {
  it('is found over any number of queues, by the shortest way', () => {
    expect(circle('a', to('b'), [q('a'), q('b', 'a')])).toEqual(['a', 'b'])
    expect(circle('a', to('b'), [q('a'), q('b', 'c'), q('c', 'd', 'a'), q('d', 'b')])).toEqual(['a', 'b', 'c'])
    expect(circle('a', to('b', 'c'), [q('a'), q('b', 'd'), q('d', 'a'), q('c', 'a')])).toEqual(['a', 'c'])
  })
  it('is none of rules that only speak, end elsewhere, or go round without this queue', () => {
    expect(circle('a', [{ when: 'wait', value: 60, text: 'soon' }], [q('a')])).toEqual([])
    expect(circle('a', to('b', 'gone'), [q('a'), q('b', 'c'), q('c')])).toEqual([])
    expect(circle('a', to('b'), [q('a'), q('b', 'c'), q('c', 'b')])).toEqual([])
    expect(circle('', to('a'), [q('a', 'b'), q('b', 'a')])).toEqual([])
  })
  it('goes by the rules that are being written, not by those saved', () => {
    expect(circle('a', [], [q('a', 'b'), q('b', 'a')])).toEqual([])
  })
})
