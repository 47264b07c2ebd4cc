import { beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref, type EffectScope } from 'vue'
import { everything } from '@/lib/touchFilter'
import { useTouches } from './touches'

const { held } = vi.hoisted(() => ({ held: { items: [] as { id: string; identity: string; at: number }[], asked: 0 } }))
vi.mock('./api', () => ({ rec: { touches: async () => (held.asked++, { items: held.items, next: '' }) } }))
vi.mock('@/stores/live', async () => ({ generation: (await import('vue')).ref(0), onNews: () => () => {}, whenRecorded: () => {} }))

const touch = (id: string, identity: string, at: number) => ({ id, identity, at, event: `${at}-x` })
const settle = () => new Promise((r) => setTimeout(r))
let scope: EffectScope

beforeEach(() => {
  scope?.stop()
  scope = effectScope()
})

describe('a timeline', () => {
  it('is read anew when an address comes or goes, and only then', async () => {
    held.items = [touch('t2', 'b', 2), touch('t1', 'a', 1)]
    const of = ref(['a', 'b'])
    const line = scope.run(() => useTouches(ref({ customer: 'c' }), ref(everything), () => of.value, () => true))!
    await settle()
    expect(line.items.value.map((t) => t.id)).toEqual(['t2', 't1'])

    const before = held.asked
    of.value = ['b', 'a']
    await nextTick()
    await settle()
    expect(held.asked).toBe(before)

    held.items = [touch('t1', 'a', 1)] // b was split off
    of.value = ['a']
    await nextTick()
    await settle()
    expect(line.items.value.map((t) => t.id)).toEqual(['t1'])
  })
})
