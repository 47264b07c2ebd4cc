// Runs src/*.test.ts with Node's own test runner. What a client still waits for when its test is over is cut short.
import { readdirSync, rmSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { build } from 'esbuild'

const tests = readdirSync('src').filter(n => n.endsWith('.test.ts'))
await build({ entryPoints: tests.map(n => 'src/' + n), outdir: 'node_modules/.test', bundle: true, platform: 'node', format: 'esm', outExtension: { '.js': '.mjs' } })
const run = spawnSync(process.execPath, ['--test', '--test-force-exit', ...tests.map(n => 'node_modules/.test/' + n.replace('.ts', '.mjs'))], { stdio: 'inherit' })
rmSync('node_modules/.test', { recursive: true })
process.exit(run.status ?? 1)
