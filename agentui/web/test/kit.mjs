// What walks through the app share: steps that are waited for, pages that are watched, pictures, and how it ends.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** name begins each picture's; url is where all requests have to go. */
export function kit(name, { out, url }) {
  mkdirSync(out, { recursive: true })
  let failed = 0

  /** Waits until test says yes, at most within milliseconds. A machine may be ten times slower than the last. */
  async function ok(what, test, page, within = 60_000) {
    const began = Date.now()
    for (;;) {
      const yes = await Promise.resolve(test()).catch(() => false)
      if (yes || Date.now() > began + within) {
        console.log(`${yes ? 'ok ' : 'NOT'} ${what}`)
        if (!yes) {
          failed++
          await page?.screenshot({ path: join(out, `${name}-failed-${failed}.png`) }).catch(() => {})
        }
        return yes
      }
      await new Promise((r) => setTimeout(r, 50))
    }
  }
  const never = () => false
  return {
    ok,
    /** A page in which nothing may go wrong, and from which nothing may leave the origin. */
    watched(page, who = 'the page') {
      page.setDefaultTimeout(60_000)
      page.on('pageerror', (e) => ok(`${who}: no error in the page: ${e.message}`, never, page, 0))
      page.on('console', (m) => /Content Security|Refused to/.test(m.text()) && ok(`${who}: ${m.text()}`, never, page, 0))
      page.on('request', (r) => !r.url().startsWith(url) && !/^(data|blob|wss?):/.test(r.url()) && ok(`${who} asks ${r.url()}`, never, page, 0))
      return page
    },
    /** A picture to be looked at, once what moves has come to rest. */
    shoot: (page, what) => page.waitForTimeout(350).then(() => page.screenshot({ path: join(out, `${name}-${what}.png`) })),
    /** Says how it went, and ends the process. */
    end() {
      console.log(failed ? `${failed} failed` : 'all is well')
      process.exit(failed ? 1 : 0)
    },
  }
}
