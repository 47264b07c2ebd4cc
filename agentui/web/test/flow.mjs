// A day at the desk in a real browser, against the stand-in hub: node test/flow.mjs [folder for pictures].
// Ends with 1 when a step fails.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { launch } from './browser.mjs'
import { serve } from './fake/server.mjs'

const out = process.argv[2] ?? 'shots'
mkdirSync(out, { recursive: true })
const browser = await launch()
const hub = await serve({})
await browser.addCookies([{ name: 'tamas_session', value: 'u1', url: hub.url }])
const page = await browser.newPage()
let failed = 0

async function ok(what, test) {
  const deadline = Date.now() + 6000
  for (;;) {
    const yes = await Promise.resolve(test()).catch(() => false)
    if (yes || Date.now() > deadline) {
      console.log(`${yes ? 'ok ' : 'NOT'} ${what}`)
      if (!yes) {
        failed++
        await page.screenshot({ path: join(out, `flow-${failed}.png`) })
      }
      return
    }
    await page.waitForTimeout(50)
  }
}
page.on('pageerror', (e) => ok(`no error in the page: ${e.message}`, () => false))
page.on('request', (r) => !r.url().startsWith(hub.url) && !/^(data|blob):/.test(r.url()) && ok(`no request leaves the origin: ${r.url()}`, () => false))
page.on('console', (m) => /Content Security|Refused/.test(m.text()) && ok(m.text(), () => false))

const key = (k) => page.keyboard.press(k)
const shown = (text) => () => page.getByText(text).first().isVisible()
const title = () => page.locator('section header h2').first().innerText()
const bubble = (text) => page.locator(`article:has-text("${text}")`)
const away = () => page.locator('h1').first().click() // out of the reply box
const offers = () => page.locator('[role=alertdialog]').count()

await page.goto(`${hub.url}/inbox`)
await page.locator('[data-list] li button').first().click()
await page.locator('[role=log]').waitFor()

await page.locator('header button[aria-label=Snooze]').click()
await ok('snooze opens by click', shown('Four hours'))
await key('Escape')
await ok('and closes', async () => (await page.getByText('Four hours').count()) === 0)
await key('s')
await ok('snooze opens by key', shown('Four hours'))
await key('Escape')
await ok('and closes again', async () => (await page.getByText('Four hours').count()) === 0)
await key('l')
await ok('tags open by key', shown('Press Enter after each tag.'))
await page.keyboard.type('urgent')
await key('Enter')
await page.getByRole('button', { name: 'Save' }).click()
await ok('a tag is saved', () => page.locator('header').getByText('urgent').first().isVisible())

await key('r')
await page.keyboard.type('Hello there')
await key('Enter')
await ok('a reply is delivered', async () => (await bubble('Hello there').locator('[data-state=delivered]').count()) === 1)
await ok('and stands there once', async () => (await bubble('Hello there').count()) === 1)

hub.drive('offer', {})
await ok('an offer is shown', async () => (await offers()) === 1)
await key('Escape')
await key('t')
await page.locator('[role=dialog]').waitFor()
await key('Escape')
await ok('the dialog closes', async () => (await page.locator('[role=dialog]').count()) === 0)
await ok('the offer survives the Escape of a dialog', async () => (await offers()) === 1)
await away()
await key('a')
await ok('an offer is accepted by key and opened', async () => (await title()).includes('Hannah'))
hub.drive('offer', { name: 'Second One' })
await ok('a second offer is shown', async () => (await offers()) === 1)
await away()
await key('Escape')
await ok('and declined by Escape', async () => (await offers()) === 0)

hub.drive('record', { up: false })
await key('r')
await page.keyboard.type('While down')
await key('Enter')
await ok('what is sent while the record is down is kept', shown('kept; goes out'))
await page.screenshot({ path: join(out, 'flow-down.png') })
await page.reload()
await page.locator('[role=log]').waitFor()
await ok('over a reload, too', shown('While down'))
hub.drive('record', { up: true })
await ok('and goes out when it is back', async () => (await bubble('While down').locator('[data-state=delivered]').count()) === 1)
await ok('once', async () => (await bubble('While down').count()) === 1)

hub.drive('drop', { code: 4503 })
hub.drive('message', { person: 0, text: 'sent while you were away' })
await ok('a lost line misses nothing', shown('sent while you were away'))
hub.drive('drop', { code: 4000 })
await page.waitForTimeout(1500)
hub.drive('message', { person: 0, text: 'after the reload' })
await ok('a forked history heals', shown('after the reload'))

const box = page.locator('textarea')
await page.locator('[data-list] li button').nth(1).click()
await page.waitForTimeout(500)
await box.fill('unfinished')
await key('Escape')
await key('j')
await ok('another conversation has no draft', async () => (await box.inputValue()) === '')
await key('k')
await ok('a draft is kept', async () => (await box.inputValue()) === 'unfinished')

await away()
await key('Control+k')
await page.locator('[role=dialog] input').waitFor()
await page.keyboard.type('Thomas')
await ok('the palette finds a customer', () => page.locator('[role=dialog]').getByText('thomas.mueller@example.com').first().isVisible())
await key('Enter')
await ok('and opens the conversation', async () => (await title()).includes('Thomas'))
await ok('the palette is gone', async () => (await page.locator('[role=dialog]').count()) === 0)
await key('?')
await ok('? shows the shortcuts', shown('Leave the box'))
await key('Escape')
await ok('the sheet is gone', async () => (await page.locator('[role=dialog]').count()) === 0)

const status = (name) => () => page.locator('section header').getByText(name, { exact: true }).first().isVisible()
await key('e')
await ok('e resolves', status('Resolved'))
await key('e')
await ok('e reopens', status('Active'))
await key('t')
await page.locator('[role=dialog]').getByText('Omid Karimi').click()
await ok('a transfer changes the owner', async () => (await page.locator('section header p').first().innerText()).includes('Omid'))

await page.locator('nav button[aria-label^="Your state"]').click()
await page.getByRole('button', { name: 'Break' }).click()
await page.getByRole('button', { name: 'Lunch' }).click()
await ok('a break is taken', async () => (await page.locator('nav button[aria-label*="Break"]').count()) === 1)
await page.getByTitle('Change the name').click()
await page.locator('aside input').fill('Thomas M.')
await key('Enter')
await ok('a customer is renamed', async () => (await title()).includes('Thomas M.'))

await page.goto(`${hub.url}/supervisor`)
await page.getByRole('button', { name: 'Reassign' }).nth(1).click()
await page.locator('[role=dialog] .row').first().click()
await page.locator('[role=dialog]').getByText('Niloufar Rezaei').click()
await ok('a supervisor reassigns', shown('Handed to'))

await page.goto(`${hub.url}/settings/accounts`)
await page.getByRole('button', { name: 'Connect', exact: true }).click()
await page.getByRole('menuitem', { name: 'Web chat' }).click()
await page.locator('[role=dialog] input').first().fill('My site')
await page.locator('[role=dialog] textarea').fill('https://a.example')
await page.getByRole('button', { name: 'Check login' }).click()
await ok('a login is checked', shown('It works'))
await page.getByRole('button', { name: 'Create' }).click()
await ok('the line for the site is shown', shown('widget.js'))
await page.screenshot({ path: join(out, 'flow-account.png') })
await page.goto(`${hub.url}/settings/profile`)
await page.getByRole('button', { name: 'فارسی' }).click()
await ok('Persian turns the page around', () => page.evaluate(() => document.documentElement.dir === 'rtl'))
await ok('and speaks', () => page.getByRole('heading', { name: 'نمایه' }).isVisible())

await browser.close()
hub.close()
console.log(failed ? `${failed} failed` : 'all is well')
process.exit(failed ? 1 : 0)
