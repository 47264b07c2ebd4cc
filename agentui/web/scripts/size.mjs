// What a first visit loads, gzip: per page and language, the entry, the page's chunks with all they
// import, the styles and the fonts that its text needs, of the build in TAMAS_DIST, else dist. Fails above the aim.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'

const aim = 250 * 1024
const dist = process.env.TAMAS_DIST ? pathToFileURL(`${process.env.TAMAS_DIST}/`) : new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('manifest.json', dist), 'utf8'))
const pages = {
  'sign-in': ['index.html', 'src/pages/SignIn.vue'],
  inbox: ['index.html', 'src/pages/Shell.vue', 'src/pages/Inbox.vue'],
}
const languages = {
  en: { chunk: 'src/i18n/locale-en.ts', fonts: ['latin-wght'] },
  fa: { chunk: 'src/i18n/locale-fa.ts', fonts: ['arabic-wght'] },
}

const weigh = (file) => {
  const bytes = readFileSync(new URL(file, dist))
  return file.endsWith('.woff2') ? bytes.length : gzipSync(bytes, { level: 9 }).length
}

function filesOf(keys) {
  const files = new Set(['index.html', 'boot.js'])
  const seen = new Set()
  const visit = (key) => {
    if (seen.has(key)) return
    seen.add(key)
    const chunk = manifest[key]
    files.add(chunk.file)
    chunk.css?.forEach((f) => files.add(f))
    chunk.imports?.forEach(visit)
  }
  keys.forEach(visit)
  return files
}

const kb = (n) => `${(n / 1024).toFixed(1).padStart(6)} KB`
const fonts = Object.values(manifest).map((c) => c.file).concat(Object.values(manifest).flatMap((c) => c.assets ?? []))
let over = false
console.log('page     lang      js        css       font      html      total')
for (const [page, keys] of Object.entries(pages)) {
  for (const [lang, l] of Object.entries(languages)) {
    const files = filesOf([...keys, l.chunk])
    for (const f of fonts) if (f.endsWith('.woff2') && l.fonts.some((n) => f.includes(n)) && !f.includes('ext-wght')) files.add(f)
    const sum = { js: 0, css: 0, woff2: 0, html: 0 }
    for (const f of files) sum[f.split('.').pop()] += weigh(f)
    const total = Object.values(sum).reduce((a, b) => a + b, 0)
    over ||= total > aim
    console.log(`${page.padEnd(8)} ${lang}  ${kb(sum.js)} ${kb(sum.css)} ${kb(sum.woff2)} ${kb(sum.html)} ${kb(total)}${total > aim ? '  above the aim' : ''}`)
  }
}
console.log(`aim: ${kb(aim)}`)
process.exit(over ? 1 : 0)
