// Builds ../dist/widget.js. Its first line names the sources' digest, by which a Go test tells a stale bundle.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { build } from 'esbuild'

const digest = createHash('sha256')
for (const name of readdirSync('src').filter(n => !n.includes('.test.')).sort()) {
  digest.update(name + '\0').update(readFileSync('src/' + name))
}

await build({
  entryPoints: ['src/main.ts'],
  outfile: '../dist/widget.js',
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['es2021'],
  charset: 'utf8',
  legalComments: 'none',
  banner: { js: `/*! Tamas web chat ${digest.digest('hex')} */` },
  logLevel: 'info',
  plugins: [{
    // Style sheets are written for people; what the browser does not need stays here.
    name: 'css',
    setup(b) {
      b.onLoad({ filter: /\.css$/ }, async ({ path }) => {
        const css = await build({ entryPoints: [path], minify: true, write: false, target: ['chrome111', 'firefox113', 'safari16.4'] })
        return { contents: css.outputFiles[0].text.trim(), loader: 'text' }
      })
    },
  }],
})
