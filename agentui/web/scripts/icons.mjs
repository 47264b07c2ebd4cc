// Icons in two parts, like the sentences: what a first visit shows, and the rest, which is loaded with whatever comes later.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { icons as lucide } from '@iconify-json/lucide'

const entries = ['main.ts', 'pages/Shell.vue', 'pages/Inbox.vue', 'pages/SignIn.vue', 'pages/Setup.vue']

/** The files that a first visit loads: the entries with all that they import outright. */
export function firstFiles(src) {
  const seen = new Set()
  const visit = (file) => {
    if (seen.has(file)) return
    seen.add(file)
    for (const [, from] of readFileSync(file, 'utf8').matchAll(/^\s*import (?!type)[^;']*?'((?:@|\.|\.\.)\/[^']+)'/gm)) {
      const at = from.startsWith('@/') ? join(src, from.slice(2)) : join(dirname(file), from)
      const found = ['', '.ts', '/index.ts'].map((e) => at + e).find((f) => existsSync(f) && statSync(f).isFile())
      if (found && /\.(vue|ts)$/.test(found)) visit(found)
    }
  }
  for (const f of entries) visit(join(src, f))
  return [...seen]
}

const all = (dir) => readdirSync(dir, { withFileTypes: true }).flatMap((f) => (f.isDirectory() ? all(join(dir, f.name)) : /\.(vue|ts)$/.test(f.name) && !f.name.endsWith('.spec.ts') ? [join(dir, f.name)] : []))
const named = (files) => new Set(files.flatMap((f) => [...readFileSync(f, 'utf8').matchAll(/i-lucide-([a-z0-9-]+)/g)].map((m) => m[1])))

function drawing(name) {
  const alias = lucide.aliases?.[name]
  return alias ? { ...drawing(alias.parent), ...alias, parent: undefined } : lucide.icons[name]
}

/** A module of the icons that no first file names: name → drawing. */
export function laterIcons(src) {
  const first = firstFiles(src)
  const early = named(first)
  const id = 'virtual:later-icons'
  return {
    name: 'tamas:later-icons',
    resolveId: (x) => (x === id ? `\0${id}` : undefined),
    load: (x) => (x === `\0${id}` ? `export default ${JSON.stringify(Object.fromEntries([...named(all(src))].filter((n) => !early.has(n) && drawing(n)).sort().map((n) => [n, { width: lucide.width ?? 24, height: lucide.height ?? 24, ...drawing(n) }])))}` : undefined),
  }
}
