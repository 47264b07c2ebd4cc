// A day of one agent who has no mouse, at a real hub: each step is done by a documented key or by Tab, the focus is always seen and
// never lost, and what a screen reader has to say is written down and looked at. In Persian the letters come from a Persian keyboard.
// node test/keyboard.mjs [folder for pictures] [en|fa]. Ends with 1 when a step fails. See test/real/hub.mjs for its variables.
import { appWords, bare, walk } from './real/walk.mjs'

const out = process.argv[2] ?? 'shots'
const locale = process.argv[3] ?? 'en'
const t = appWords(locale)
const said = locale === 'fa'
  ? { omid: 'امید کریمی', leila: 'لیلا احمدی', hannah: 'نگار حسینی', thomas: 'بابک رستمی', question: 'میز گردو هنوز موجود است؟', more: 'و ارسال چقدر است؟', answer: 'بله، دو عدد موجود است.', note: 'مشتری قدیمی است.', canned: 'سلام، در خدمتم.', title: 'سلام', tag: 'فوری', other: 'فروش', call: 'دربارهٔ ارسال تلفن زد.', city: 'شیراز', again: 'دوباره منم.', look: 'گردو' }
  : { omid: 'Omid Karimi', leila: 'Leila Ahmadi', hannah: 'Hannah Schmidt', thomas: 'Thomas Müller', question: 'Do you still have the walnut desk?', more: 'And what is delivery?', answer: 'Yes, there are two of them.', note: 'She has been with us for years.', canned: 'Hello, how can I help?', title: 'Greeting', tag: 'urgent', other: 'Sales', call: 'Rang about the delivery.', city: 'Hamburg', again: 'It is me again.', look: 'walnut' }
const { hub, browser, ok, watched, shoot, end } = await walk('keyboard', { out, locale })
const { api } = hub

// The firm: Omid alone is offered the chats; Leila sells.
const omid = await hub.hire(said.omid, 'omid@example.com')
const leila = await hub.hire(said.leila, 'leila@example.com')
const [general] = (await api('GET', '/queues')).items
await api('PATCH', `/queues/${general.id}`, { version: general.version, members: [omid.id], wrap_up_seconds: 0, offer_seconds: 120 })
await api('POST', '/queues', { name: said.other, mode: 'push', offer_seconds: 30, target_seconds: 60, members: [leila.id] })
await api('POST', '/canned', { title: said.title, shortcut: 'hello', text: said.canned })

const page = watched(await hub.seat(browser, ''), 'omid')
page.setDefaultTimeout(15_000)
const keys = await page.context().newCDPSession(page)
// What is said in live regions, as it is said.
await page.addInitScript(() => {
  globalThis.spoken = []
  new MutationObserver((all) => {
    for (const m of all) {
      const at = m.target.nodeType === 1 ? m.target : m.target.parentElement
      const region = at?.closest('[aria-live]:not([aria-live=off]), [role=status], [role=alert], [role=log]')
      if (region) globalThis.spoken.push([...m.addedNodes].map((n) => n.textContent).join(' ') || at.textContent)
      for (const n of m.addedNodes) if (n.nodeType === 1) for (const x of [n, ...n.querySelectorAll('*')]) if (x.matches('[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]')) globalThis.spoken.push(x.textContent)
    }
  }).observe(document, { subtree: true, childList: true, characterData: true })
})
const heard = (what, ...texts) => ok(`heard: ${what}`, () => page.evaluate((all) => globalThis.spoken.some((x) => all.every((y) => x.replace(/[\u2066-\u2069\u200e\u200f]/g, '').includes(y))), texts.map(bare)), page, 10_000)

// A letter is typed as the layout of the person has it: in Persian, the key that says R to the app says ق to a text.
const persian = { a: 'ش', c: 'ز', e: 'ث', g: 'ل', i: 'ه', l: 'م', n: 'د', o: 'خ', p: 'ح', r: 'ق', s: 'س', t: 'ف', u: 'ع', '?': '؟' }
async function key(k) {
  if (locale !== 'fa' || !persian[k]) return page.keyboard.press(k)
  const code = k === '?' ? 'Slash' : `Key${k.toUpperCase()}`
  const at = { key: persian[k], code, windowsVirtualKeyCode: k === '?' ? 191 : k.toUpperCase().charCodeAt(0), modifiers: k === '?' ? 8 : 0 }
  await keys.send('Input.dispatchKeyEvent', { type: 'keyDown', text: persian[k], ...at })
  await keys.send('Input.dispatchKeyEvent', { type: 'keyUp', ...at })
}
const press = async (...all) => { for (const k of all) await key(k) }
const write = (text) => page.keyboard.type(text)

/** What has the focus, and whether somebody who looks at the page can tell: an outline or a ring, a caret, or the mark of a list. */
const focus = () => page.evaluate(() => {
  const el = document.activeElement
  if (!el || el === document.body) return { lost: true, name: 'nothing' }
  const r = el.getBoundingClientRect()
  const ink = (c) => !!c && !/^(transparent|rgba\(.*, 0\)|.* \/ 0\))$/.test(c)
  const s = getComputedStyle(el)
  const outlined = s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 && ink(s.outlineColor)
  const caret = el.matches('textarea, input:not([type=checkbox], [type=radio], [type=button], [type=file])') && ink(s.caretColor)
  const place = el.tabIndex < 0 && !el.matches('button, a, input, textarea, select') // where a dialog or a page begins
  const ring = / 0px 0px 0px [1-9]/.test(` ${s.boxShadow}`) && el.matches(':focus-visible')
  return {
    lost: false, name: `${el.tagName.toLowerCase()}${el.getAttribute('role') ? `[${el.getAttribute('role')}]` : ''} "${(el.getAttribute('aria-label') || el.textContent || el.getAttribute('placeholder') || '').trim().slice(0, 40)}"`,
    seen: outlined || ring || caret || place || el.hasAttribute('data-highlighted'),
    inSight: r.width > 0 && r.height > 0 && r.bottom > 0 && r.right > 0 && r.top < innerHeight && r.left < innerWidth,
    named: place || !!(el.getAttribute('aria-label') || el.getAttribute('aria-labelledby') || el.textContent?.trim() || el.labels?.length || el.title),
  }
})
let last = {}
/** After a step the focus stands somewhere, and not on what is gone. */
async function held(what) {
  await ok(`${what}: the focus is kept`, async () => { last = await focus(); return !last.lost && last.inSight }, page, 4_000)
}
const on = (loc) => loc.first().evaluate((el) => el === document.activeElement, undefined, { timeout: 200 }).catch(() => false)
const stops = new Map()
/** Tab by Tab to what is looked for; each stop on the way is looked at. */
async function tabTo(what, loc, { back = false, most = 90 } = {}) {
  for (let n = 0; n < most; n++) {
    if (await on(loc)) return void console.log(`ok  ${what}: by Tab (${n})`)
    await page.keyboard.press(back ? 'Shift+Tab' : 'Tab')
    const f = await focus()
    if (!f.lost && !(f.seen && f.inSight && f.named) && !stops.has(f.name)) {
      stops.set(f.name, true)
      await ok(`a stop is seen and named: ${f.name} ${JSON.stringify(f)}`, () => false, page, 0)
    }
  }
  await ok(`${what}: by Tab`, () => false, page, 0)
}
const button = (name, within = page) => within.getByRole('button', { name, exact: true })
const dialog = () => page.locator('[role=dialog]')
const noDialog = (what) => ok(`${what} is closed`, async () => (await dialog().count()) === 0, page)
const box = page.locator('section footer textarea')
const all = async () => (await api('GET', '/conversations?list=all')).items

// Signing in.
await page.goto(`${hub.url}/inbox`)
await ok('the address has the focus', () => on(page.locator('input[type=email]')), page)
await write('omid@example.com')
await press('Tab')
await write('a long password')
await press('Enter')
await page.locator('[data-list]').waitFor()
await press('Tab')
await ok('the first stop of a page skips the rail', () => on(page.getByRole('link', { name: t('nav.skip') })), page)
await press('Enter')
await ok('and leads to the page', () => on(page.locator('#main')), page)

// Going available.
const state = page.locator(`nav button[aria-label^="${t('state.menu').split(':')[0]}"]`)
await tabTo('one’s state', state, { back: true })
await press('Enter')
await button(t('state.available')).waitFor()
await tabTo('available', button(t('state.available')))
await press('Enter')
await ok('available', async () => (await page.locator(`nav button[aria-label*="${t('state.available')}"]`).count()) > 0, page)
await held('a state is chosen')

// An offer.
const hannah = await hub.visitor(said.hannah)
await hannah.say(said.question)
await ok('an offer comes', () => page.locator('[role=alertdialog]').isVisible(), page)
await heard('an offer', said.hannah)
await held('an offer comes')
await shoot(page, 'offer')
await press('a')
await page.locator('[role=log]').waitFor()
await held('accepted')

// Reading and answering.
await tabTo('the messages', page.locator('[role=log]'))
await press('Home', 'End', 'r')
await ok('the reply box has the focus', () => on(box), page)
await write(said.answer)
await press('Enter')
await ok('the answer arrives', async () => (await hannah.heard()).includes(said.answer), page)
await hannah.say(said.more)
await heard('a new message', said.hannah, said.more)
await write('/hel')
await ok('canned answers are proposed', () => page.getByRole('option', { name: said.title }).isVisible(), page)
await ok('and a reader is told which', () => box.evaluate((el) => !!document.getElementById(el.getAttribute('aria-activedescendant') ?? '')?.matches('[role=option][aria-selected=true]')), page, 2_000)
await press('Enter')
await ok('one is taken', async () => (await box.inputValue()) === said.canned, page)
await press('Enter')
await ok('and sent', async () => (await hannah.heard()).includes(said.canned), page)
await press('Escape')
await held('the box is left')
await press('n')
await write(said.note)
await press('Control+Enter')
await ok('a note stands', () => page.locator('[role=log]').getByText(said.note).first().isVisible(), page)
await press('Escape')

// Tags, why, snoozing.
await press('l')
await page.locator('[data-slot=content] input').first().waitFor()
await write(said.tag)
await press('Enter')
await tabTo('save', button(t('act.save')))
await press('Enter')
await ok('a tag is saved', () => page.locator('section header').getByText(said.tag).first().isVisible(), page)
await held('tagged')
await press('s')
const hour = page.getByRole('button', { name: t('snooze.hour') }).first()
await hour.waitFor()
await tabTo('an hour', hour)
await press('Enter')
await ok('snoozed', async () => (await all())[0].status === 'snoozed', page)
await held('snoozed')
await shoot(page, 'snoozed')
await button(t('act.wake')).waitFor()
await press('s')
await ok('woken, it is offered again', () => page.locator('[role=alertdialog]').isVisible(), page)
await held('woken')
await press('a')

// Passing on, and taking the next.
await button(t('act.resolve')).waitFor()
await press('t')
await page.getByPlaceholder(t('transfer.search')).waitFor()
await ok('the field has the focus', () => on(page.getByPlaceholder(t('transfer.search'))), page)
await write(said.other)
await press('Enter')
await ok('passed on', async () => (await all())[0].owner !== omid.id, page)
await noDialog('the dialog')
await held('passed on')
const thomas = await hub.visitor(said.thomas)
await thomas.say(said.question)
await page.locator('[role=alertdialog]').waitFor()
await press('a')
await ok('the next is accepted', async () => (await page.locator('section header h2').first().innerText()).includes(said.thomas), page)
await held('accepted again')
await press('r')
await write(said.answer)
await press('Enter')
await ok('and answered', async () => (await thomas.heard()).includes(said.answer), page)
await press('Escape', 'e')
await ok('resolved', async () => (await all()).find((c) => JSON.stringify(c).includes(said.thomas))?.status !== 'active', page)
await held('resolved')
await thomas.say(said.again)

// A customer through the palette; the record of hers is longer than a chat.
const hers = (await all()).find((c) => JSON.stringify(c).includes(said.hannah)).customer.id
const logged = [['purchase', { amount: '1200.00', currency: 'EUR', items: [{ name: said.look }] }], ['call'], ['shop_visit']]
for (const [n, [kind, data]] of logged.entries()) await api('POST', '/touches', { id: `hers-${n}`, kind, at: Date.now() - (n + 1) * 86_400_000, customer: { id: hers }, text: `${said.look} ${n}`, data })
await press('Escape', 'Control+k')
await ok('the palette’s box has the focus', () => on(dialog().locator('input')), page)
await write(said.hannah)
await ok('she is found', () => dialog().locator('[role=option][aria-selected=true]').getByText(said.hannah).first().isVisible(), page)
await heard('how many were found', t('find.count', { n: '' }).trim())
await ok('and a reader is told which is chosen', () => dialog().locator('input').evaluate((el) => !!document.getElementById(el.getAttribute('aria-activedescendant') ?? '')), page, 2_000)
await press('Enter')
await ok('her page opens', () => page.url().includes(`/customers/${hers}`), page)
await noDialog('the palette')
await page.locator('[data-row]').first().waitFor()
await held('a customer is opened')

// The timeline.
await tabTo('the filter', page.getByRole('textbox', { name: t('touch.find') }))
await write(said.look)
await ok('the timeline is filtered', () => page.url().includes('text='), page)
await tabTo('everything again', button(t('touch.all')))
await press('Enter')
await ok('all is shown again', () => !page.url().includes('text='), page)
await held('the filter is emptied')
const fold = page.locator('button[data-row][aria-expanded]').first()
await tabTo('a conversation', fold)
await press('Enter')
await ok('it unfolds', async () => (await fold.getAttribute('aria-expanded')) === 'true', page)
await held('unfolded')
await press('ArrowDown')
await ok('the arrow goes to what was said in it', () => page.evaluate(() => document.activeElement?.matches('article[data-row]')), page)
await press('p')
await ok('P pins it', async () => (await api('GET', `/customers/${hers}`)).pins?.length === 1, page)
await held('pinned')
await shoot(page, 'timeline')

// Logging a call.
await press('o')
await dialog().waitFor()
await press('c')
await ok('a letter chooses the kind, and one writes', () => on(dialog().locator('textarea')), page)
await write(said.call)
await press('Enter')
await noDialog('the form')
await ok('a call is logged', () => page.locator('[data-row]').getByText(said.call).first().isVisible(), page)
await heard('that it was logged', t('log.done', { kind: '' }).trim())
await held('logged')

// A field.
const city = page.getByRole('button', { name: new RegExp(`^${t('field.city')}:`) })
await tabTo('the city', city)
await press('Enter')
await ok('its box has the focus', () => on(page.getByRole('textbox', { name: t('field.city') })), page)
await write(said.city)
await press('Enter')
await ok('it is kept', async () => (await api('GET', `/customers/${hers}`)).customer.place?.city === said.city, page)
await ok('and has the focus again', () => on(city), page)
await press('Enter')
await page.getByRole('textbox', { name: t('field.city') }).waitFor()
await press('Escape')
await ok('left by Escape', () => on(city), page)

// Somebody of her name, who may be the same.
await api('POST', `/customers/${hers}/identities`, { channel: 'email', address: 'hannah.schmidt@example.com' })
await api('POST', '/touches', { id: 'twin', kind: 'call', customer: { email: 'hannah.schmidt@example.org', name: said.hannah }, text: said.look })
await page.reload()
const look = button(t('merge.look')).first()
await look.waitFor()
await tabTo('a suggestion', look)
await press('Enter')
await dialog().getByRole('button', { name: t('merge.act') }).waitFor()
await ok('what a merge would do takes the focus', () => page.evaluate(() => !!document.activeElement?.closest('[role=dialog]')), page)
await shoot(page, 'merge')
await press('Escape')
await noDialog('the merge')
await ok('and gives it back', () => on(look), page)

// Searching as a page.
await press('/')
await ok('the slash opens the palette', () => on(dialog().locator('input')), page)
await write(said.look)
await tabTo('all that was found', button(t('find.all')))
await press('Enter')
await ok('the page of the search opens', () => page.url().includes('/search'), page)
const finder = page.locator('main input[role=combobox]')
await ok('its box has the focus', () => on(finder), page)
await press('End')
await write(` ${t('find.key.kind')}:`)
await ok('values are proposed', async () => (await page.locator('main [role=option]').count()) > 3, page)
await press('ArrowDown', 'Enter')
const chip = page.locator(`main button[aria-label^="${t('find.drop', { filter: '' }).trim().split(' ')[0]}"]`)
await ok('a filter is a chip', async () => (await chip.count()) > 0, page)
await ok('and the box still has the focus', () => on(finder), page)
await shoot(page, 'search')
await tabTo('the chip', chip, { back: true })
await press('Enter')
await ok('it is gone', async () => (await chip.count()) === 0, page)
await held('a chip is dropped')
await press('ArrowDown', 'Enter')
await ok('what was found opens', () => !page.url().includes('/search'), page)
await held('found')

// Settings, help, and back.
await press('Escape', 'g', 'p')
await ok('G P leads to the settings', () => page.url().includes('/settings/'), page)
await held('the settings are opened')
await tabTo('a field of the profile', page.locator('.page input, .page button').first())
await press('Escape')
await page.evaluate(() => document.activeElement.matches('input') && document.activeElement.blur())
await press('?')
await dialog().waitFor()
await ok('the help takes the focus', () => page.evaluate(() => !!document.activeElement?.closest('[role=dialog]')), page)
await shoot(page, 'help')
await press('Escape')
await noDialog('the help')
await held('the help is closed')
await press('g', 'i')
await ok('G I leads back', () => page.url().includes('/inbox'), page)
await held('back at the inbox')

await end()
