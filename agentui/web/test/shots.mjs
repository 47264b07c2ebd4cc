// Pictures of the app, to be looked at: node test/shots.mjs [folder] [only]. Needs a Chromium and a build.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { walk } from './scenes.mjs'

const out = process.argv[2] ?? 'shots'
mkdirSync(out, { recursive: true })
const wrong = await walk(process.argv[3] ?? '', (page, title) => page.screenshot({ path: join(out, `${title}.png`) }))
process.exit(wrong.length ? 1 : 0)
