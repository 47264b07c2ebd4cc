import { beforeAll, describe, expect, it } from 'vitest'
import type { Event, Explanation } from '@/api/types'
import { has, loadRest, setLocale } from '@/i18n'
import en from '@/i18n/rest-en'
import { becauseWords, gift, needWords, nextWords, passedWords, reasonWords, waitingWords, whatWords } from './why'

const names = { agent: (id: string) => ({ u1: 'Niloufar', u2: 'Omid', u3: 'Sara' })[id] ?? '', queue: (id: string) => (id === 'q1' ? 'Sales' : '') }
const bare = (s: string) => s.replace(/[\u2066-\u2069]/g, '')
const decision = (kind: string, x: Partial<Event> & { to?: string } = {}): Event => ({ v: 3, id: '1-1', kind, at: 1, by: { kind: 'system' }, conversation: { offered_to: x.to } as Event['conversation'], ...x })

beforeAll(async () => {
  await setLocale('en')
  await loadRest()
})

/** What the engine and the plan of the API name. */
const reasons = ['not_member', 'disabled', 'offline', 'lost', 'busy', 'break', 'not_responding', 'wrap_up', 'channel', 'skill', 'level', 'capacity', 'declined', 'sticky_other', 'heavy_reserved', 'secondary_not_yet', 'pull', 'closed', 'no_queue', 'no_members', 'deciding', 'retrying', 'unknown']
const next = ['ring', 'secondary', 'overflow', 'sticky', 'round', 'calendar', 'heavy']
const orders = ['longest_idle', 'least_active', 'most_available', 'load_ratio', 'round_robin', 'preferred']
const others = ['timeout', 'agent_lost', 'agent_left', 'agent_gone', 'new_round', 'snooze_over', 'window_over', 'grace_over', 'user_disabled', 'wrap_up_over', 'silent', 'overflow_wait', 'overflow_length', 'overflow_unstaffed', 'overflow_closed', 'overflow_impossible', 'tell_overflow', 'tell_closed']

it('every code has its sentence', () => {
  for (const r of reasons) expect(has(`reason.${r}`), r).toBe(true)
  for (const n of next) expect(has(`next.${n}`), n).toBe(true)
  for (const o of [...orders, ...others]) expect(has(`why.${o}`), o).toBe(true)
  for (const c of ['first', 'next', 'resolution']) for (const w of ['warn', 'broken']) expect(has(`why.${w}.${c}`)).toBe(true)
})

describe('a reason', () => {
  it('names the agent, and the skill where there is one', () => {
    expect(bare(reasonWords({ agent: 'u3', reason: 'break' }, names))).toBe('Sara is on a break.')
    expect(bare(reasonWords({ agent: 'u3', reason: 'skill', skill: 'persian' }, names))).toBe('Sara lacks the skill persian.')
    expect(bare(reasonWords({ agent: 'u3', reason: 'level:persian' }, names))).toBe('Sara has persian at too low a level.')
    expect(bare(reasonWords({ agent: 'u3', reason: 'skill' }, names))).toBe('Sara lacks a skill that is asked for.')
  })
  it('of nobody is of the queue; until when it holds is said', () => {
    expect(reasonWords({ reason: 'pull' }, names)).toBe('Members of this queue take for themselves.')
    const at = new Date(2026, 10, 22, 9, 30).getTime()
    expect(bare(reasonWords({ agent: 'u2', reason: 'wrap_up', until: at }, names))).toBe('Omid is wrapping up (until 09:30).')
  })
  it('that is not known is shown as it is', () => {
    expect(reasonWords({ agent: 'u2', reason: 'full_moon' }, names)).toBe('Omid: full moon')
    expect(reasonWords({ agent: 'gone', reason: 'full_moon' }, names)).toBe('gone: full moon')
  })
})

describe('why it waits', () => {
  const x: Explanation = { now: 300_000, score: 5, position: 3, waited: 240_000, since: 60_000, needs: [{ skill: 'persian', level: 3 }, { skill: 'billing', drop_after: 300 }], next: { at: 360_000, what: 'ring' }, reasons: [{ agent: 'u3', reason: 'break' }, { reason: 'closed' }, { agent: 'u2', reason: 'capacity' }] }
  it('is a place, needs, reasons, the queue’s apart, and what comes next', () => {
    const w = waitingWords(x, 'q1', names)
    expect(bare(w.lead)).toBe('Number 3 in Sales. It has waited 4m.')
    expect(w.needs.map(bare)).toEqual(['persian, level 3 or higher', 'billing (asked for another 1m)'])
    expect(w.queue).toEqual(['The queue is closed.'])
    expect(w.reasons.map(bare)).toEqual(['Omid has no room left.', 'Sara is on a break.'])
    expect(bare(w.next)).toMatch(/^In 1m \(at \d\d:\d\d\) a skill is no longer asked for\.$/)
  })
  it('says less when there is less', () => {
    expect(waitingWords({ now: 1, score: 0, position: 0, waited: 5000, since: 1 }, 'q1', names)).toEqual({ lead: expect.stringContaining('5s'), needs: [], queue: [], reasons: [], next: '' })
    expect(nextWords({ at: 1, what: 'round' }, 5)).toBe('At once those who declined are asked again.')
    expect(bare(needWords({ skill: 'vip', drop_after: 120 }))).toBe('vip (for the first 2m)')
  })
})

describe('a decision', () => {
  const offered = decision('conversation.offered', { to: 'u1', reason: { code: 'longest_idle', candidates: ['u1', 'u2'], excluded: { u3: 'busy' }, more: 4 } })
  it('says what, why, and why not the others', () => {
    expect(bare(whatWords(offered, 'u2', names))).toBe('Offered to Niloufar')
    expect(whatWords(offered, 'u1', names)).toBe('Offered to you')
    expect(bare(becauseWords(offered))).toBe('Idle for longest, of 2 who could take it')
    expect(passedWords(offered, names).map(bare)).toEqual(['Sara is busy.', 'and 4 more'])
  })
  it('with one candidate was no choice', () => {
    expect(becauseWords(decision('conversation.offered', { to: 'u1', reason: { code: 'round_robin', candidates: ['u1'] } }))).toBe('The only one who could take it')
    expect(becauseWords(decision('conversation.timed_out', { reason: { code: 'timeout' } }))).toBe('No answer in time')
    expect(becauseWords(decision('sla.changed', { reason: { code: 'broken/first' } }))).toBe('The first reply is late')
  })
  it('is why I have it, when it is the newest that gave it to me', () => {
    const pushed = decision('conversation.assigned', { conversation: { owner: 'u2' } as Event['conversation'], reason: { code: 'least_active' } })
    expect(gift([decision('conversation.requeued'), pushed, offered], 'u1')).toBe(offered)
    expect(gift([pushed, offered], 'u2')).toBe(pushed)
    expect(gift([pushed], 'u3')).toBeUndefined()
  })
})

it('speaks Persian, too', async () => {
  await setLocale('fa')
  expect(bare(reasonWords({ agent: 'u3', reason: 'break' }, names))).toBe('Sara در استراحت است.')
  expect(bare(reasonWords({ agent: 'u3', reason: 'wrap_up', until: new Date(2026, 10, 22, 9, 30).getTime() }, names))).toBe('Sara در حال جمع‌بندی است (تا ۰۹:۳۰).')
  for (const key of Object.keys(en)) expect(has(key), key).toBe(true)
  await setLocale('en')
})
