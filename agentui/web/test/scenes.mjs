// Every screen of the app in every state worth seeing, and the walk through them: shots.mjs takes their pictures, axe.mjs looks
// for what keeps people out.
import { launchForMany } from './browser.mjs'
import { serve } from './fake/server.mjs'

const sizes = { desktop: { width: 1440, height: 900 }, wide: { width: 1760, height: 990 }, tv: { width: 1920, height: 1080 }, phone: { width: 390, height: 844 } }
const first = (page) => page.locator('[data-list] li button').first().click().then(() => page.locator('[role=log]').waitFor())
const named = (page, name) => page.locator('[data-list] li button', { hasText: name }).first().click().then(() => page.locator('[role=log]').waitFor()).then(() => page.waitForTimeout(700))
const up = (page, dy) => page.locator('[role=log]').evaluate((el, y) => el.scrollBy(0, y), dy).then(() => page.waitForTimeout(300))
const everything = async (page) => { await named(page, 'امیرحسین'); await up(page, -99999); await page.waitForTimeout(500) }
const picture = (name, type = 'image/png') => ({ name, mimeType: type, buffer: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg==', 'base64') })
const settled = async (page) => { await page.locator('h1:visible, h2:visible').first().waitFor(); await page.waitForTimeout(900) }
const charted = async (page) => { await page.locator('figure [role=img] > *, table').first().waitFor(); await page.waitForTimeout(600) }
const simulated = async (page) => { await page.locator('form').waitFor(); await page.getByRole('spinbutton').last().fill('30'); await page.locator('form button[type=submit]').click() }
const drawer = (list) => async (page) => { await page.locator(`${list} button`).first().click(); await page.locator('[role=dialog] form').waitFor(); await page.waitForTimeout(500) }
const unfolded = async (page) => { await drawer('ul.card li')(page); await page.locator('[role=dialog] details').evaluateAll((all) => all.forEach((x) => (x.open = true))); await page.waitForTimeout(300) }
const down = (page) => page.locator('[role=dialog] form').evaluate((el) => el.parentElement.scrollTo(0, 99999)).then(() => page.waitForTimeout(200))
const lined = async (page) => { await page.locator('[data-row]').first().waitFor(); await page.waitForTimeout(900) }
const figure = (id, more = '', rest = {}) => ({ go: `/supervisor/reports?figure=${id}${more}`, do: charted, ...rest })
export const scenes = {
  files: { go: '/inbox', do: everything },
  changes: { go: '/inbox', do: async (page) => { await everything(page); await up(page, 620) } },
  states: { go: '/inbox', do: (page) => named(page, 'امیرحسین') },
  versions: { go: '/inbox', do: async (page) => { await everything(page); await page.getByText(/^(edited|ویرایش‌شده)$/).first().click(); await page.waitForTimeout(300) } },
  lightbox: { go: '/inbox', do: async (page) => { await everything(page); await page.locator('article img').first().click(); await page.waitForTimeout(900) } },
  html: { go: '/inbox?list=all&channel=email', do: (page) => named(page, 'Thomas') },
  replyAll: { go: '/inbox?list=all&channel=email', do: async (page) => { await named(page, 'Thomas'); await page.locator('footer button[title]').nth(1).click(); await page.locator('footer button[aria-expanded]').first().click(); await page.waitForTimeout(300) } },
  tray: { go: '/inbox', do: async (page) => { await named(page, 'امیرحسین'); await page.locator('footer input[type=file]').setInputFiles([picture('label.png'), picture('قرارداد نهایی.pdf', 'application/pdf'), picture('huge.iso', 'application/octet-stream')]); await page.waitForTimeout(700) } },
  links: { go: '/inbox?list=all&channel=sms', do: async (page) => { await first(page); await page.locator('footer input[type=file]').setInputFiles([picture('label.png')]); await page.waitForTimeout(700) } },
  drop: { go: '/inbox', do: async (page) => { await first(page); await page.evaluate(() => { const d = new DataTransfer(); d.items.add(new File(['x'], 'a.txt')); document.querySelector('section[aria-label] [role=log]').dispatchEvent(new DragEvent('dragenter', { dataTransfer: d, bubbles: true })) }); await page.waitForTimeout(200) } },
  quoting: { go: '/inbox', do: async (page) => { await named(page, 'امیرحسین'); const b = page.locator('article', { hasText: 'out of office' }).or(page.locator('article', { hasText: 'Out of office' })); await b.hover(); await b.locator('button[aria-haspopup=menu]').click(); await page.getByRole('menuitem').first().click(); await page.waitForTimeout(300) } },
  consent: { go: '/inbox', do: (page) => named(page, 'مریم') },
  begin: { go: '/inbox', do: async (page) => { await page.locator('[data-list] li button').first().waitFor(); await page.keyboard.press('b'); await page.locator('[role=dialog] textarea').waitFor(); await page.waitForTimeout(400) } },
  bulk: { go: '/inbox?list=all', do: async (page) => { await page.locator('[data-list] li button').nth(1).click({ modifiers: ['Control'] }); await page.locator('[data-list] li button').nth(4).click({ modifiers: ['Shift'] }); await page.waitForTimeout(500) } },
  health: { go: '/supervisor/channels', do: (page) => page.locator('ul.columns-1 li').first().waitFor() },
  healthEmpty: { size: 'empty', go: '/supervisor/channels', do: settled },
  accountNew: { go: '/settings/accounts', do: async (page) => { await page.locator('button[aria-haspopup=menu]').first().click(); await page.getByRole('menuitem').nth(2).click(); await page.waitForTimeout(500); await page.locator('[role=dialog] form').evaluate((el) => el.parentElement.scrollTo(0, 99999)); await page.getByRole('radio').nth(3).click(); await page.waitForTimeout(400) } },
  accountSms: { go: '/settings/accounts', do: async (page) => { await page.locator('ul.card li').nth(3).locator('button').first().click(); await page.waitForTimeout(500) } },
  signin: { signedOut: true, go: '/sign-in' },
  setup: { signedOut: true, setup: true, go: '/setup?token=abc' },
  empty: { size: 'empty', go: '/inbox' },
  inbox: { go: '/inbox', do: first },
  waiting: { go: '/inbox?list=waiting' },
  mail: { go: '/inbox?list=all&channel=email', do: first },
  sms: { go: '/inbox?list=all&channel=sms', do: async (page) => { await first(page); await page.locator('textarea').fill('سلام، سفارش شما امروز ارسال شد و تا فردا می‌رسد. کد رهگیری: IR-99120 ممنون از شکیبایی شما') } },
  note: { go: '/inbox', do: async (page) => { await first(page); await page.keyboard.press('n'); await page.locator('textarea').fill('مشتری قدیمی است؛ لطفاً با اولویت. Ask Daniel.') } },
  canned: { go: '/inbox', do: async (page) => { await first(page); await page.locator('textarea').fill('/') } },
  offer: { go: '/inbox', do: async (page, s) => { await first(page); s.drive('offer', {}); await page.locator('[role=alertdialog]').waitFor(); await page.waitForTimeout(1200) } },
  typing: { go: '/inbox', do: async (page, s) => { await first(page); s.drive('typing', { person: 0 }); s.drive('record', { up: false }); await page.locator('textarea').fill('Kept while the record is down'); await page.keyboard.press('Enter'); await page.waitForTimeout(800) } },
  customer: { go: '/inbox', do: async (page) => { await first(page); if ((page.viewportSize()?.width ?? 0) < 1000) await page.locator('header h2').first().click(); await page.waitForTimeout(500) } },
  transfer: { go: '/inbox', do: async (page) => { await first(page); await page.keyboard.press('t'); await page.locator('[role=dialog]').waitFor(); await page.waitForTimeout(400) } },
  more: { go: '/inbox', do: async (page) => { await first(page); await page.locator('header button[aria-haspopup=menu]').last().click(); await page.waitForTimeout(400) } },
  much: { size: 'much', go: '/inbox?list=all', do: async (page) => { await page.locator('[data-list] li button').first().waitFor(); await first(page) } },
  palette: { go: '/inbox', do: async (page) => { await first(page); await page.keyboard.press('Control+k'); await page.locator('[role=dialog] input').fill('ord'); await page.waitForTimeout(900) } },
  paletteEmpty: { go: '/inbox', do: async (page) => { await page.locator('[data-list] li button').first().waitFor(); await page.keyboard.press('Control+k'); await page.locator('[role=dialog] [role=option]').first().waitFor(); await page.waitForTimeout(400) } },
  paletteFilter: { go: '/inbox', do: async (page) => { await page.locator('[data-list] li button').first().waitFor(); await page.keyboard.press('Control+k'); await page.locator('[role=dialog] input').fill('order channel:'); await page.waitForTimeout(900) } },
  search: { go: '/search?q=order', do: (page) => page.locator('mark').first().waitFor() },
  searchFilters: { go: '/search?q=in%3Amessages+channel%3Afax+before%3Asoon+%D8%B3%D9%84%D8%A7%D9%85', do: (page) => page.locator('[role=alert]').first().waitFor() },
  searchEmpty: { go: '/search', do: settled },
  searchNothing: { go: '/search?q=zzzz', do: settled },
  searchMuch: { size: 'much', go: '/search?q=order', do: (page) => page.locator('mark').first().waitFor() },
  pairs: { go: '/supervisor/same', do: (page) => page.locator('[data-pair]').first().waitFor() },
  pairsEmpty: { size: 'empty', go: '/supervisor/same', do: settled },
  pairsMerge: { go: '/supervisor/same', do: async (page) => { await page.locator('[data-pair]').first().waitFor(); await page.keyboard.press('m'); await page.locator('[role=dialog] form').waitFor(); await page.waitForTimeout(400) } },
  help: { go: '/inbox', do: async (page) => { await page.locator('[data-list] li button').first().waitFor(); await page.keyboard.press('?'); await page.locator('[role=dialog]').waitFor(); await page.waitForTimeout(300) } },
  state: { go: '/inbox', do: async (page) => { await page.locator('[data-list] li button').first().waitFor(); await page.locator('nav:visible button:has(span.rounded-full)').last().click(); await page.waitForTimeout(300) } },
  colleagues: { go: '/inbox', do: (page) => named(page, 'Emily') },
  asked: { go: '/inbox?list=all', do: (page) => named(page, 'Priya') },
  consult: { go: '/inbox', do: async (page) => { await first(page); await page.keyboard.press('q'); await page.locator('[role=dialog]').waitFor(); await page.waitForTimeout(400) } },
  flag: { go: '/inbox', do: async (page) => { await first(page); await page.keyboard.press('f'); await page.locator('[role=dialog] textarea').waitFor(); await page.waitForTimeout(400) } },
  snooze: { go: '/inbox', do: async (page) => { await first(page); await page.keyboard.press('s'); await page.waitForTimeout(600) } },
  why: { go: '/inbox', do: async (page) => { await named(page, 'Emily'); await page.keyboard.press('w'); await page.locator('[data-why]').waitFor(); await page.waitForTimeout(400) } },
  whyWaiting: { go: '/inbox?list=waiting', do: async (page) => { await first(page); await page.keyboard.press('w'); await page.locator('[data-why]').waitFor(); await page.waitForTimeout(400) } },
  supervisor: { go: '/supervisor', do: (page) => page.locator('[data-queue]').first().waitFor() },
  supervisorEmpty: { size: 'empty', go: '/supervisor', do: (page) => page.locator('[data-queue]').first().waitFor() },
  supervisorMuch: { size: 'much', go: '/supervisor', do: (page) => page.locator('[data-queue]').first().waitFor() },
  reports: { go: '/supervisor/reports', do: settled },
  reportsEmpty: { size: 'empty', go: '/supervisor/reports', do: settled },
  reportBars: figure('offered'),
  reportHours: figure('offered', '&period=today'),
  reportLines: figure('asa'),
  reportQueues: figure('service_level', '&by=queue'),
  reportAgents: figure('handled', '&by=agent', { size: 'much' }),
  reportStates: figure('state_time', '&by=agent'),
  reportHeat: figure('offered', '&by=hour_of_week'),
  reportBacklog: figure('backlog'),
  reportCustom: figure('nps', '&from=1767225600000&to=1769904000000'),
  reportEmpty: figure('asa', '', { size: 'empty', do: settled }),
  madeOf: figure('asa', '&by=queue', { size: 'much', do: async (page) => { await charted(page); await page.locator('td button').first().click(); await page.locator('[role=dialog] ol li').first().waitFor(); await page.waitForTimeout(400) } }),
  staffing: { go: '/supervisor/plan', do: charted },
  staffingEmpty: { size: 'empty', go: '/supervisor/plan', do: settled },
  staffingWrong: { go: '/supervisor/plan', do: async (page) => { await charted(page); await page.getByRole('spinbutton').nth(1).fill('120') } },
  simulation: { go: '/supervisor/plan?view=simulation', do: (page) => page.locator('form').waitFor() },
  simulationPoisson: { go: '/supervisor/plan?view=simulation', do: (page) => page.locator('form [role=group] button').last().click() },
  simulationRuns: { go: '/supervisor/plan?view=simulation', do: async (page, s) => { s.drive('slow'); await simulated(page); await page.locator('[role=progressbar]').waitFor(); await page.waitForTimeout(900) } },
  simulationDone: { go: '/supervisor/plan?view=simulation', do: async (page) => { await simulated(page); await page.locator('section table').waitFor(); await page.locator('section table').scrollIntoViewIfNeeded(); await page.waitForTimeout(600) } },
  reassign: { go: '/supervisor', do: async (page) => { await page.locator('[data-agent] button:not([disabled])').first().click(); await page.waitForTimeout(600) } },
  wallboard: { sizes: ['tv', 'desktop', 'phone'], go: '/wallboard', do: (page) => page.locator('h2').first().waitFor() },
  wallboardEmpty: { sizes: ['tv', 'phone'], size: 'empty', go: '/wallboard', do: (page) => page.locator('h2').first().waitFor() },
  wallboardMuch: { sizes: ['tv', 'phone'], size: 'much', go: '/wallboard', do: (page) => page.locator('h2').first().waitFor() },
  audit: { go: '/supervisor/audit', do: (page) => page.locator('ol li').first().waitFor() },
  auditEmpty: { size: 'empty', go: '/supervisor/audit', do: settled },
  auditMuch: { size: 'much', go: '/supervisor/audit', do: (page) => page.locator('ol li').first().waitFor() },
  routing: { go: '/settings/routing', do: settled },
  skills: { go: '/settings/skills', do: (page) => page.locator('table').waitFor() },
  calendars: { go: '/settings/calendars', do: (page) => page.locator('.card').first().waitFor() },
  skillsEmpty: { size: 'empty', go: '/settings/skills', do: settled },
  calendarsEmpty: { size: 'empty', go: '/settings/calendars', do: settled },
  calendar: { go: '/settings/calendars', do: async (page) => { await page.locator('.card').first().waitFor(); await page.locator('.card button').first().click(); await page.locator('[role=dialog] form').waitFor(); await page.waitForTimeout(500) } },
  promisesEmpty: { size: 'empty', go: '/settings/sla', do: settled },
  promises: { go: '/settings/sla', do: (page) => page.locator('ol.card li').first().waitFor() },
  promise: { go: '/settings/sla', do: async (page) => { await page.locator('ol.card li button').first().click(); await page.waitForTimeout(500) } },
  alerts: { go: '/settings/alerts', do: (page) => page.locator('ul.card li').first().waitFor() },
  alertsEmpty: { size: 'empty', go: '/settings/alerts', do: settled },
  alert: { go: '/settings/alerts', do: drawer('ul.card li') },
  alertDown: { go: '/settings/alerts', do: async (page) => { await page.locator('ul.card li button').nth(1).click(); await page.locator('[role=dialog] form').waitFor(); await page.waitForTimeout(300); await down(page) } },
  accounts: { go: '/settings/accounts', do: (page) => page.locator('ul.card li').first().waitFor() },
  accountsEmpty: { size: 'empty', go: '/settings/accounts', do: (page) => page.locator('.card').first().waitFor() },
  account: { go: '/settings/accounts', do: async (page) => { await page.locator('ul.card li button').first().click(); await page.waitForTimeout(500) } },
  accountMail: { go: '/settings/accounts', do: async (page) => { await page.locator('ul.card li').nth(2).locator('button').first().click(); await page.waitForTimeout(500) } },
  queues: { go: '/settings/queues', do: (page) => page.locator('ul.card li').first().waitFor() },
  queue: { go: '/settings/queues', do: drawer('ul.card li') },
  queueAll: { go: '/settings/queues', do: unfolded },
  queueDown: { go: '/settings/queues', do: async (page) => { await unfolded(page); await down(page) } },
  queuesMuch: { size: 'much', go: '/settings/queues', do: (page) => page.locator('ul.card li').first().waitFor() },
  users: { go: '/settings/agents', do: (page) => page.locator('ul.card li').first().waitFor() },
  user: { go: '/settings/agents', do: async (page) => { await page.locator('ul.card li button').nth(1).click(); await page.waitForTimeout(500) } },
  cannedSettings: { go: '/settings/canned', do: (page) => page.locator('ul.card li').first().waitFor() },
  attributes: { go: '/settings/attributes', do: (page) => page.locator('ol.card li').first().waitFor() },
  attributesEmpty: { size: 'empty', go: '/settings/attributes', do: settled },
  attribute: { go: '/settings/attributes', do: async (page) => { await page.locator('ol.card li button').nth(6).click(); await page.locator('[role=dialog] form').waitFor(); await page.waitForTimeout(500) } },
  kinds: { go: '/settings/kinds', do: (page) => page.locator('ul.card li').first().waitFor() },
  kindsEmpty: { size: 'empty', go: '/settings/kinds', do: settled },
  kind: { go: '/settings/kinds', do: drawer('ul.card li') },
  rules: { go: '/settings/record', do: async (page) => { await page.locator('details').first().waitFor(); await page.locator('details').evaluateAll((all) => [0, 2].forEach((i) => (all[i].open = true))); await page.waitForTimeout(300) } },
  rulesDown: { go: '/settings/record', do: async (page) => { await page.locator('details').first().waitFor(); await page.locator('details').evaluateAll((all) => [3, 4].forEach((i) => (all[i].open = true))); await page.waitForTimeout(300) } },
  imports: { go: '/settings/imports', do: (page) => page.locator('ul.card li').first().waitFor() },
  importsEmpty: { size: 'empty', go: '/settings/imports', do: settled },
  importNew: { go: `/settings/imports/${encodeURIComponent('مشتریان-پاییز')}`, do: (page) => page.locator('ol li').first().waitFor() },
  importRuns: { go: '/settings/imports/orders-2026', do: (page) => page.locator('progress').waitFor() },
  importDone: { go: '/settings/imports/newsletter', do: (page) => page.locator('ol li').first().waitFor() },
  importUndone: { go: '/settings/imports/old-shop', do: settled },
  firm: { go: '/settings/firm', do: (page) => page.locator('form').waitFor() },
  profile: { go: '/settings/profile', do: settled },
  customers: { go: '/customers', do: settled },
  customersIncomplete: { go: '/customers?view=incomplete', do: settled },
  organisations: { go: '/customers?view=organisations', do: settled },
  organisation: { go: '/organisations/o1', do: lined },
  customerNone: { go: '/customers/t0', do: settled },
  customerOne: { go: '/customers/t1', do: lined },
  customerPage: { go: '/customers/t50', do: lined },
  customerProfile: { go: '/customers/t50?tab=profile', do: async (page) => { await settled(page); await page.locator('aside').first().evaluate((el) => el.scrollTo(0, 99999)); await page.waitForTimeout(500) } },
  customerSummary: { go: '/customers/t50?tab=summary', do: charted },
  customerUnfolded: { go: '/customers/t50', do: async (page) => { await lined(page); await page.locator('[data-row][aria-expanded]').nth(1).click(); await page.waitForTimeout(400) } },
  customerFiltered: { go: '/customers/t50?kind=purchase,call&from=2025-01-01', do: lined },
  customerMany: { go: '/customers/t10000', do: async (page) => { await lined(page); for (let i = 0; i < 10; i++) { await page.locator('[data-row]').first().evaluate((el) => el.closest('ul').parentElement.scrollBy(0, 9000)); await page.waitForTimeout(300) } } },
  logTouch: { go: '/customers/t50', do: async (page) => { await lined(page); await page.keyboard.press('o'); await page.locator('[role=dialog]').waitFor(); await page.waitForTimeout(300); await page.keyboard.press('p'); await page.waitForTimeout(300) } },
  tokens: { go: '/settings/tokens', do: settled },
}

/**
 * Goes to each scene in each language, scheme and size that only asks for ("scene,scene/locale/theme/size", each part may be left
 * out), several at once, and calls visit(page, name of the picture) when what moves has come to rest. A size with touch is a
 * phone's, with a finger for a pointer. Answers what went wrong, a line each.
 */
export async function walk(only, visit, { chosen = Object.keys(scenes), hands = 3 } = {}) {
  const [wantScenes, wantLocale, wantTheme, wantSize] = only.split('/')
  const listed = wantScenes ? wantScenes.split(',') : chosen
  const unknown = listed.filter((name) => !scenes[name])
  if (unknown.length) throw new Error(`no such scene: ${unknown}`)
  const all = listed.flatMap((name) => ['en', 'fa'].filter((l) => !wantLocale || l === wantLocale).flatMap((locale) =>
    ['light', 'dark'].filter((x) => !wantTheme || x === wantTheme).flatMap((theme) =>
      Object.keys(sizes).filter((x) => (wantSize ? x === wantSize : (scenes[name].sizes ?? ['desktop', 'phone']).includes(x))).map((size) => ({ name, locale, theme, size })))))
  const browser = await launchForMany()
  const wrong = []
  async function hand() {
    // Each scene has a hub of its own, at one address for all of a hand's: what was loaded once is kept by the browser.
    let port = 0
    const contexts = { mouse: await browser.newContext(), touch: await browser.newContext({ hasTouch: true, isMobile: true, viewport: sizes.phone }) }
    for (let job = all.shift(); job; job = all.shift()) port = await see(job, job.size === 'phone' ? contexts.touch : contexts.mouse, port)
  }
  async function see({ name, locale, theme, size }, context, port) {
    const scene = scenes[name]
    const title = `${name}-${locale}-${theme}-${size}`
    const say = (text) => { wrong.push(`${title}: ${text}`); console.log(`${title}: ${text}`) }
    const server = await serve({ port, size: scene.size ?? 'little', locale, setup: scene.setup })
    await context.clearCookies()
    if (!scene.signedOut) await context.addCookies([{ name: 'tamas_session', value: 'u1', url: server.url }])
    const page = await context.newPage()
    page.setDefaultTimeout(60_000)
    await page.addInitScript(([l, t]) => { localStorage.clear(); localStorage.setItem('tamas.locale', l); localStorage.setItem('tamas.theme', t) }, [locale, theme])
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !/status of (404|413|503)/.test(m.text()) && say(m.text()))
    page.on('pageerror', (e) => say(`error: ${e.message}`))
    page.on('request', (r) => !r.url().startsWith(server.url) && !/^(data|blob):/.test(r.url()) && say(`asks ${r.url()}`))
    try {
      await page.setViewportSize(sizes[size])
      await page.goto(server.url + scene.go)
      await page.waitForLoadState('networkidle').catch(() => {})
      await scene.do?.(page, server)
      await page.waitForTimeout(250)
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      if (wide > 0) say(`is ${wide} px wider than the screen`)
    } catch (e) {
      say(e.message.split('\n')[0])
    }
    await visit(page, title, say).catch((e) => say(e.message.split('\n')[0]))
    await page.close()
    server.close()
    return Number(new URL(server.url).port)
  }
  await Promise.all(Array.from({ length: hands }, hand))
  await browser.close()
  return wrong
}
