import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { en } from './en'
import { fa } from './fa'
import { fill, locale, setLocale, t } from '.'
import { ago, dayName, longDate, span, stopwatch } from './time'

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
    const sources = (dir: string): string[] => readdirSync(dir, { withFileTypes: true }).flatMap((f) => (f.isDirectory() ? sources(join(dir, f.name)) : /\.(vue|ts)$/.test(f.name) && !/^((en|fa)(-settings)?|.*\.spec)\.ts$/.test(f.name) ? [join(dir, f.name)] : []))
    const text = sources(join(__dirname, '..')).map((f) => readFileSync(f, 'utf8')).join('\n')
    const made = ['why.', 'event.', 'health.', 'role.', 'queues.mode.', 'state.']
    const unused = Object.keys(en).filter((k) => !made.some((m) => k.startsWith(m)) && !text.includes(`'${k}'`))
    expect(unused).toEqual([])
    for (const [, k] of text.matchAll(/\bt\('([\w.]+)'/g)) expect(en, k).toHaveProperty([k!])
  })
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
