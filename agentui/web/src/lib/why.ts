import type { Event, Explanation, Need, Reason } from '@/api/types'
import { has, number, t, type Key } from '@/i18n'
import { clock, span } from '@/i18n/time'

// The router's decisions in words: who got it and why, who could not, why it still waits, what happens next. A code that this app does
// not know is shown as it is.

/** Names of ids. */
export interface Names {
  agent(id: string): string
  queue(id: string): string
}

const bare = (code: string) => code.replaceAll('_', ' ')

/** A need: "Persian, at least 3", with until when it is asked for. */
export function needWords(n: Need, waited?: number): string {
  const skill = (n.level ?? 1) > 1 ? t('need.level', { skill: n.skill, n: n.level! }) : n.skill
  if (!n.drop_after) return skill
  const left = n.drop_after * 1000 - (waited ?? 0)
  return waited === undefined ? t('need.drop', { skill, span: span(n.drop_after * 1000) }) : left > 0 ? t('need.dropIn', { skill, span: span(left) }) : skill
}

/**
 * Why somebody cannot have it: "Sara is on a break." A reason of nobody is of the whole queue. What a decision stored may carry the
 * skill or the moment behind the code: "skill:persian".
 */
export function reasonWords(r: Reason, names: Names): string {
  const [code = '', more = ''] = r.reason.split(/[:/](.*)/s)
  const skill = r.skill || (code === 'skill' || code === 'level' ? more : '')
  const name = r.agent ? names.agent(r.agent) || r.agent : ''
  const key = `reason.${code}${skill && has(`reason.${code}.of`) ? '.of' : ''}`
  if (!has(key)) return name ? `${name}: ${bare(r.reason)}` : bare(r.reason)
  const said = t(key, { name, skill })
  return r.until ? t('reason.until', { reason: said.replace(/[.؟?!]$/u, ''), at: clock(r.until) }) : said
}

/** All reasons, those of the whole queue in front, then by agent's name. */
export function reasons(list: Reason[] | null | undefined, names: Names): string[] {
  return [...(list ?? [])]
    .sort((a, b) => Number(!!a.agent) - Number(!!b.agent) || (a.agent && b.agent ? names.agent(a.agent).localeCompare(names.agent(b.agent)) : 0))
    .map((r) => reasonWords(r, names))
}

/** What happens next, and in how long: "In 40s the additional skills …". */
export function nextWords(next: Explanation['next'], now: number): string {
  if (!next?.at) return ''
  const in_ = next.at > now ? t('next.in', { span: span(next.at - now), at: clock(next.at) }) : t('next.now')
  const key = `next.${next.what}`
  return `${in_} ${has(key) ? t(key) : bare(next.what)}`
}

/** What is waited for, in a paragraph's sentences. */
export function waitingWords(x: Explanation, queue: string, names: Names): { lead: string; needs: string[]; queue: string[]; reasons: string[]; next: string } {
  return {
    lead: x.position > 0 ? t('waiting.lead', { span: span(x.waited), place: number(x.position), queue: names.queue(queue) }) : t('waiting.alone', { span: span(x.waited) }),
    needs: (x.needs ?? []).map((n) => needWords(n, x.waited)),
    queue: reasons(x.reasons?.filter((r) => !r.agent), names),
    reasons: reasons(x.reasons?.filter((r) => r.agent), names),
    next: nextWords(x.next, x.now),
  }
}

/** Who a decision is about: of an offer or a push, who got it. */
export const subject = (e: Event) => e.conversation?.offered_to || (e.kind === 'conversation.offered' || e.kind === 'conversation.assigned' ? e.conversation?.owner : '') || e.agents?.[0]?.id || ''

const given = (e: Event) => e.kind === 'conversation.offered' || e.kind === 'conversation.assigned'

/** What was decided: "Offered to Sara", "Sent on to Billing". */
export function whatWords(e: Event, me: string, names: Names): string {
  const who = subject(e)
  const name = names.agent(who) || who
  if (given(e)) return t(e.kind === 'conversation.offered' ? (who === me ? 'did.offeredYou' : 'did.offered') : who === me ? 'did.assignedYou' : 'did.assigned', { name })
  if (e.kind === 'conversation.overflowed') return t('did.overflowed', { queue: names.queue(e.conversation?.queue ?? '') })
  if (e.kind === 'conversation.timed_out') return name && name === who ? t('event.conversation.timed_out') : t('did.timedOut', { name })
  const key = `event.${e.kind}`
  return has(key) ? t(key) : bare(e.kind)
}

/** Why: "Idle for longest of the 3 who could take it." */
export function becauseWords(e: Event): string {
  const code = e.reason?.code ?? ''
  const key = `why.${code.replaceAll('/', '.')}`
  const said = has(key) ? t(key as Key) : bare(code)
  const n = e.reason?.candidates?.length ?? 0
  return given(e) && n > 1 ? t('did.of', { reason: said, n }) : given(e) && n === 1 && code !== 'preferred' ? t('did.only') : said
}

/** Why not the others. */
export function passedWords(e: Event, names: Names): string[] {
  const list = Object.entries(e.reason?.excluded ?? {}).map(([agent, reason]) => ({ agent: agent === '' ? undefined : agent, reason }))
  const said = reasons(list, names)
  return e.reason?.more ? [...said, t('did.more', { n: e.reason.more })] : said
}

/** The last decision that gave it to somebody who still has it: the answer to "why did I get this?". */
export const gift = (decisions: Event[], me: string) => decisions.find((e) => given(e) && subject(e) === me)
