import { beforeAll, describe, expect, it } from 'vitest'
import type { RecordTouch } from '@/api'
import { loadRest, setLocale } from '@/i18n'
import { touchFacts } from './touchWords'

beforeAll(async () => {
  await setLocale('en')
  await loadRest()
})

describe('facts of a touch', () => {
  it('tell how long a call was to the second', async () => {
    const call = { kind: 'call', data: { outcome: 'answered', seconds: 95 } } as unknown as RecordTouch
    expect(touchFacts(call).map((f) => f.text)).toEqual(['answered', '1:35'])
    await setLocale('fa')
    expect(touchFacts(call).at(-1)!.text).toBe('۱:۳۵')
    await setLocale('en')
  })
})
