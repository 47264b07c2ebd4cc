import { describe, expect, it } from 'vitest'
import type { SimResult } from '@/components/reports/api'
import { byHalfHour } from './compare'

const result = (name: string, slots: [number, number][]): SimResult => ({ name, arrived: 0, answered: 0, abandoned: 0, left_behind: 0, service_level: null, asa_ms: 0, wait_p90_ms: 0, wait_max_ms: 0, occupancy: null, by_queue: null, by_half_hour: slots.map(([at, waiting]) => ({ at, arrived: 0, answered: 0, in_target: 0, waiting })) })

describe('results beside each other', () => {
  it('share the half hours that any of them saw', () => {
    const p = byHalfHour([result('a', [[1, 5], [3, 7]]), result('b', [[2, 6]])], (s) => s.waiting, String, String)
    expect(p.labels).toEqual(['1', '2', '3'])
    expect(p.series.map((s) => s.values)).toEqual([[5, null, 7], [null, 6, null]])
  })
})
