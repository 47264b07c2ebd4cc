// What would keep people out: each main scene, in both languages, schemes and sizes, is searched with axe-core for what fails
// WCAG 2.2 AA gravely. node test/axe.mjs [only], as shots.mjs takes it. Needs a Chromium and a build.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { scenes, walk } from './scenes.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

const chosen = process.env.AXE_ALL ? Object.keys(scenes) : ['signin', 'setup', 'empty', 'inbox', 'mail', 'replyAll', 'note', 'canned', 'offer', 'typing', 'begin', 'bulk', 'transfer', 'more', 'snooze', 'whyWaiting', 'help', 'state', 'palette', 'search', 'searchFilters', 'pairs', 'pairsMerge', 'supervisor', 'reports', 'reportLines', 'reportHeat', 'staffing', 'simulationDone', 'wallboard', 'audit', 'health', 'account', 'queueAll', 'user', 'calendar', 'promise', 'alert', 'skills', 'attribute', 'kind', 'rules', 'importNew', 'importRuns', 'firm', 'profile', 'customers', 'organisation', 'customerPage', 'customerSummary', 'logTouch', 'tokens']

// While a menu is open the rest is hidden from readers and the focus is held in it, which the rule on hidden focus cannot see; and
// the initials of a face are a picture, what a list of choices shows is its value: neither is what it is called (2.5.3).
const unnamed = '[aria-haspopup=listbox], :has(> [data-face])'
async function search(page, title, say) {
  await page.evaluate(axe)
  // What fades in has its colours when it stands.
  await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity).map((a) => a.finished.catch(() => {}))))
  const { violations } = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: { type: 'tag', values }, rules: { 'aria-hidden-focus': { enabled: false }, 'label-content-name-mismatch': { enabled: true } }, resultTypes: ['violations'], iframes: false }), tags)
  for (const v of violations.filter((x) => ['serious', 'critical'].includes(x.impact))) {
    for (const n of v.nodes) if (v.id !== 'label-content-name-mismatch' || !(await page.locator(n.target.join(' ')).and(page.locator(unnamed)).count())) say(`${v.id}: ${n.html.slice(0, 160)}\n    ${n.failureSummary.split('\n').slice(1).join(' ').trim().slice(0, 200)}`)
  }
}

const wrong = await walk(process.argv[2] ?? '', search, { chosen })
console.log(wrong.length ? `${wrong.length} found` : 'nothing grave found')
process.exit(wrong.length ? 1 : 0)
