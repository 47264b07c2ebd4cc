import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { icons } from '@iconify-json/lucide'
import { expect, it } from 'vitest'

const sources = (dir: string): string[] => readdirSync(dir, { withFileTypes: true }).flatMap((f) => (f.isDirectory() ? sources(join(dir, f.name)) : /\.(vue|ts)$/.test(f.name) ? [join(dir, f.name)] : []))

it('every icon that is named is in the set that the build takes them from', () => {
  const known = new Set([...Object.keys(icons.icons), ...Object.keys(icons.aliases ?? {})])
  const named = new Set(sources(join(__dirname, '..')).flatMap((f) => [...readFileSync(f, 'utf8').matchAll(/i-lucide-([a-z0-9-]+)/g)].map((m) => m[1]!)))
  expect(named.size).toBeGreaterThan(50)
  expect([...named].filter((n) => !known.has(n))).toEqual([])
})
