import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { en as firstEn } from './en'
import { fa as firstFa } from './fa'
import { fill, locale, setLocale, t } from '.'
import restEn from './rest-en'
import restFa from './rest-fa'
import { ago, dayName, longDate, span, stopwatch } from './time'

const en = { ...firstEn, ...restEn }
const fa = { ...firstFa, ...restFa }

const params = (s: string) => [...new Set(s.match(/\{\w+\}/g))].sort()

describe('sentences', () => {
  it('stand in both languages', () => expect(Object.keys(fa).sort()).toEqual(Object.keys(en).sort()))

  it('take the same parameters in both', () => {
    // A sentence for one may leave its number out.
    for (const k of Object.keys(en) as (keyof typeof en)[]) {
      const [a, b] = [params(en[k]), params(fa[k])].map((x) => x.filter((p) => p !== '{n}' && p !== '{count}'))
      expect(b, k).toEqual(a)
    }
  })

  it('are all used, and all that are used are there', () => {
    const sources = (dir: string): string[] => readdirSync(dir, { withFileTypes: true }).flatMap((f) => (f.isDirectory() ? sources(join(dir, f.name)) : /\.(vue|ts)$/.test(f.name) && !/^((en|fa)(-\w+)?|.*\.spec)\.ts$/.test(f.name) ? [join(dir, f.name)] : []))
    const text = sources(join(__dirname, '..')).map((f) => readFileSync(f, 'utf8')).join('\n')
    const made = ['why.', 'event.', 'reason.', 'next.', 'news.', 'row.sla.', 'sla.', 'health.', 'role.', 'queues.mode.', 'state.', 'queues.order.', 'trouble.', 'live.sort.', 'over.', 'promise.', 'alerts.', 'calendars.wrong.', 'did.', 'part.', 'rep.by.', 'rep.clock.', 'rep.span.', 'rep.kind.', 'rep.reason.', 'rep.counts.', 'merge.field.', 'likeness.', 'kind.', 'channel.', 'field.', 'group.', 'step.', 'outcome.', 'consent.', 'log.wrong.', 'customers.view.', 'twins.state.', 'twins.none.', 'find.', 'define.', 'imp.', 'masking.ids.', 'masked.', 'erase.count.', 'attributes.of.', 'attributes.none.', 'access.seen.', 'person.export.']
    const unused = Object.keys(en).filter((k) => !made.some((m) => k.startsWith(m)) && !text.includes(`'${k}'`))
    expect(unused).toEqual([])
    for (const [, k] of text.matchAll(/\bt\('([\w.]+)'/g)) expect(en, k).toHaveProperty([k!])
  })
})

it('a first visit needs only the first sentences', () => {
  const src = join(__dirname, '..')
  const seen = new Set<string>()
  const visit = (file: string) => {
    if (seen.has(file)) return
    seen.add(file)
    const text = readFileSync(file, 'utf8')
    for (const [, from] of text.matchAll(/^\s*import (?!type)[^;']*?'([@.]\/[^']+|\.\.\/[^']+)'/gm)) {
      const at = from!.startsWith('@/') ? join(src, from!.slice(2)) : join(dirname(file), from!)
      const found = ['', '.ts', '/index.ts'].map((e) => at + e).find((f) => existsSync(f) && statSync(f).isFile())
      if (found && /\.(vue|ts)$/.test(found)) visit(found)
    }
  }
  for (const f of ['main.ts', 'pages/Shell.vue', 'pages/Inbox.vue', 'pages/SignIn.vue', 'pages/Setup.vue']) visit(join(src, f))
  expect(seen.size).toBeGreaterThan(40)
  const late = [...seen].flatMap((f) => [...readFileSync(f, 'utf8').matchAll(/\bt\('([\w.]+)'/g)].map((m) => m[1]!)).filter((k) => k in restEn)
  expect(late).toEqual([])
})

describe('fill', () => {
  it('writes numbers in the language’s digits and picks one or many', () => {
    expect(fill('{n} message|{n} messages', { n: 1 }, 'en')).toBe('1 message')
    expect(fill('{n} message|{n} messages', { n: 1200 }, 'en')).toBe('1,200 messages')
    expect(fill('{n} پیام', { n: 1200 }, 'fa')).toBe('۱٬۲۰۰ پیام')
  })
  it('keeps a name of another script apart', () => expect(fill('{name} is typing', { name: 'نگار' }, 'en')).toBe('\u2068نگار\u2069 is typing'))
  it('leaves what it does not know', () => expect(fill('{customer}', {}, 'en')).toBe('{customer}'))
})

describe('Persian', () => {
  it('writes right to left, the Jalali calendar and Persian digits', async () => {
    await setLocale('fa')
    expect(locale.value).toBe('fa')
    expect(document.documentElement.dir).toBe('rtl')
    expect(t('list.mine')).toBe('برای من')
    const nowruz = new Date(2026, 2, 21, 12).getTime()
    expect(longDate(nowruz)).toContain('۱ فروردین')
    expect(dayName(nowruz, nowruz)).toBe('امروز')
    expect(span(75_000)).toBe('۱ دقیقه')
    expect(stopwatch(65_000)).toBe('۱:۰۵')
    await setLocale('en')
    expect(document.documentElement.dir).toBe('ltr')
    expect(span(3_900_000)).toBe('1h 5m')
    expect(ago(0, 1000)).toBe('just now')
  })
})
