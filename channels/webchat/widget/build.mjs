// Builds ../dist/widget.js. Its first line names the sources' digest, by which a Go test tells a stale bundle.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { minify } from 'terser'

const digest = createHash('sha256')
for (const name of readdirSync('src').filter(n => !n.includes('.test.')).sort()) {
  digest.update(name + '\0').update(readFileSync('src/' + name))
}

const bundle = await build({
  entryPoints: ['src/main.ts'],
  bundle: true,
  write: false,
  format: 'iife',
  target: ['es2022'],
  charset: 'utf8',
  legalComments: 'none',
  plugins: [{
    // Style sheets are written for people; what the browser does not need stays here.
    name: 'css',
    setup(b) {
      b.onLoad({ filter: /\.css$/ }, async ({ path }) => {
        const css = await build({ entryPoints: [path], minify: true, write: false, target: ['chrome111', 'firefox121', 'safari16.4'] })
        return { contents: css.outputFiles[0].text.trim(), loader: 'text' }
      })
    },
  }],
})
// One word less to spell pays after compression.
const { code } = await minify(bundle.outputFiles[0].text.replace(/\bconst /g, 'let '), { ecma: 2020, toplevel: true, compress: { passes: 3, unsafe_arrows: true, pure_getters: true, hoist_funs: true, hoist_vars: true } })
const out = `/*! Tamas web chat ${digest.digest('hex').slice(0, 16)} */\n${code}\n`
writeFileSync('../dist/widget.js', out)
console.log(`${out.length} bytes, gzip ${gzipSync(out, { level: 9 }).length}`)
