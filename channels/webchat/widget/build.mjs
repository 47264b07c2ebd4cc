// Builds ../dist/widget.js and ../dist/beacon.js. The first line of each names its sources' digest, by which a Go test tells a stale bundle.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { minify } from 'terser'

async function make(entry, sources, title, name) {
  const digest = createHash('sha256')
  for (const path of sources) digest.update(path.replace(/^src\//, '') + '\0').update(readFileSync(path))
  const bundle = await build({
    entryPoints: [entry],
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
  const out = `/*! ${title} ${digest.digest('hex').slice(0, 16)} */\n${code}\n`
  writeFileSync('../dist/' + name, out)
  console.log(`${name}: ${out.length} bytes, gzip ${gzipSync(out, { level: 9 }).length}`)
}

const src = readdirSync('src').filter(n => !n.includes('.test.')).sort().map(n => 'src/' + n)
await make('src/main.ts', src, 'Tamas web chat', 'widget.js')
await make('beacon/main.ts', ['beacon/main.ts', 'src/config.ts', 'src/store.ts'], 'Tamas beacon', 'beacon.js')
