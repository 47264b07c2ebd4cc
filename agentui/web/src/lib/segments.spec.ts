import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { segmentsOf } from './segments'

// The cases of channels/sms, which counts on the server.
const file = join(__dirname, '../../../../channels/sms/testdata/segments.json')
const cases: { name: string; text: [string, number][]; segments: number; encoding: string; units: number; left: number }[] = JSON.parse(readFileSync(file, 'utf8'))

describe('segmentsOf', () => {
  it('has cases', () => expect(cases.length).toBeGreaterThan(25))

  it.each(cases.map((c) => [c.name, c] as const))('counts: %s', (_, c) => {
    const text = c.text.map(([part, times]) => part.repeat(times)).join('')
    expect(segmentsOf(text)).toEqual({ segments: c.segments, used: c.units, room: c.units + c.left, unicode: c.encoding === 'UCS-2' })
  })
})
