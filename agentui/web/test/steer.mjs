// A supervisor, three agents and their customers at one real hub with two queues, each in a browser context of their own:
// node test/steer.mjs [folder for pictures] [en|fa]. Ends with 1 when a step fails. See test/real/hub.mjs for its variables.
import { mailServer, webhook } from './real/sinks.mjs'
import { appWords, bare, walk } from './real/walk.mjs'

const out = process.argv[2] ?? 'shots'
const locale = process.argv[3] ?? 'en'
const t = appWords(locale)
const said = locale === 'fa'
  ? { omid: 'امید کریمی', leila: 'لیلا احمدی', sara: 'سارا نواک', reza: 'رضا مرادی', sales: 'فروش', closed: 'تا ساعت چهار بسته‌ایم.', whisper: 'ارسال رایگان پیشنهاد کنید.', barge: 'ارسال امروز رایگان است.', flag: 'دو بار از او پول گرفته شد.', answer: 'امروز صبح برگشت داده شد.', skill: 'آلمانی', promise: 'وعدهٔ فروش', later: 'پاسخ شما: بله، موجود است.', hasty: 'وقت ندارم، زود بگویید!' }
  : { omid: 'Omid Karimi', leila: 'Leila Ahmadi', sara: 'Sara Novak', reza: 'Reza Moradi', sales: 'Sales', closed: 'We are closed until four.', whisper: 'Offer her free delivery.', barge: 'Delivery is free today.', flag: 'She was charged twice.', answer: 'Refunded this morning.', skill: 'German', promise: 'Sales promise', later: 'Your answer: yes, it is in stock.', hasty: 'No time, be quick!' }
const { hub, browser, ok, shoot, seat, watched, end } = await walk('steer', { out, locale })
const { api } = hub

// The firm: two queues, each with a site of its own; Sara supervises.
const omid = await hub.hire(said.omid, 'omid@example.com')
const leila = await hub.hire(said.leila, 'leila@example.com')
const reza = await hub.hire(said.reza, 'reza@example.com')
await hub.hire(said.sara, 'sara@example.com', 'supervisor')
const [general] = (await api('GET', '/queues')).items
const change = async (id, x) => api('PATCH', `/queues/${id}`, { ...x, version: (await api('GET', '/queues')).items.find((q) => q.id === id).version })
await change(general.id, { mode: 'push', members: [omid.id, reza.id] })
const sales = await api('POST', '/queues', { name: said.sales, mode: 'push', offer_seconds: 30, target_seconds: 60, members: [leila.id] })
const shop = await api('POST', '/accounts', { kind: 'webchat', name: 'Shop', queue: sales.id, reopen_hours: 24, enabled: true, settings: { allowed_origins: hub.url } })
const mail = await mailServer()
const mailbox = await api('POST', '/accounts', { kind: 'email', name: 'desk@example.com', queue: general.id, reopen_hours: 24, silent_minutes: 0, enabled: true, settings: mail.settings })
const called = await webhook()
await hub.texts(general.id) // where who waits may be answered later
await api('PUT', '/settings/alerts', { version: (await api('GET', '/settings/alerts')).version, value: [] }) // only the rule of this walk
const routing = await api('GET', '/settings/routing')
await api('PUT', '/settings/routing', { version: routing.version, value: { ...routing.value, skills: [said.skill] } })

const [sara, omidPage, leilaPage, rezaPage] = await Promise.all([seat('sara@example.com', '/supervisor'), seat('omid@example.com'), seat('leila@example.com'), seat('reza@example.com')])
// From the next page that she opens on, what is sounded there is known.
await sara.context().addInitScript(() => {
  globalThis.tones = []
  const { start } = OscillatorNode.prototype
  OscillatorNode.prototype.start = function (...at) {
    globalThis.tones.push(this.frequency.value)
    return start.apply(this, at)
  }
})
const queue = (id) => sara.locator(`[data-queue="${id}"]`)
const agent = (id) => sara.locator(`[data-agent="${id}"]`)
const menu = async (row, item) => {
  await row.locator('button[aria-haspopup=menu]').click()
  await sara.locator('[role=menuitem], [role=menuitemcheckbox]').filter({ hasText: item }).first().click()
}
// A break is set with its reason.
const rest = async (who) => {
  await menu(agent(who.id), t('state.break'))
  await sara.getByRole('menuitem', { name: t('break.lunch') }).click()
}
const dialog = () => sara.locator('[role=dialog]').last()
const gone = () => sara.locator('[role=dialog]').first().waitFor({ state: 'hidden' })
const line = (page, kind) => page.locator(`article[data-kind=${kind}]`)
const open = (page, c) => page.goto(`${hub.url}/inbox/${c.id}`).then(() => page.locator('[role=log]').waitFor())
const of = async (visitor) => (await api('GET', '/conversations?list=all')).items.find((c) => JSON.stringify(c).includes(visitor))
const cell = (id, n) => queue(id).locator('td').nth(n).innerText().then((x) => bare(x).trim())

// The live page.
await ok('the live page shows both queues', async () => (await sara.locator('[data-queue]').count()) === 2, sara)
await ok('and all is well', () => sara.getByText(t('live.well')).first().isVisible(), sara)
const hannah = await hub.visitor('Hannah Schmidt')
await hannah.say('Do you still have the walnut desk?')
await ok('who waits is shown', async () => (await cell(general.id, 0)) === '1', sara)
await leilaPage.locator(`nav button[aria-label^="${t('state.menu').split(':')[0]}"]`).first().click()
await leilaPage.getByRole('button', { name: t('state.available'), exact: true }).click()
await ok('so is a state that is changed', async () => (await agent(leila.id).innerText()).includes(t('state.available')), sara)
const thomas = await hub.visitor('Thomas Müller', shop)
await thomas.say('When do you open?')
await ok('and what an agent has been given', async () => (await cell(sales.id, 2)) === '1' && (await agent(leila.id).innerText()).length > 0, sara)
await shoot(sara, 'live')

// Closing a queue.
await menu(queue(general.id), t('closeQueue.do'))
await dialog().locator('textarea').fill(said.closed)
await shoot(sara, 'close')
await dialog().getByRole('button', { name: t('closeQueue.do') }).click()
await ok('a closed queue says so', async () => (await queue(general.id).innerText()).includes(t('live.closed.hand')), sara)
const maria = await hub.visitor('Maria Rossi')
await maria.say('Hello?')
await ok('who writes is told', async () => (await maria.told()).some((x) => x.includes(said.closed)))
await maria.say('Anybody?')
await ok('their next message is there', async () => (await of('Maria Rossi'))?.preview?.text.includes('Anybody'))
await ok('and told once', async () => (await maria.told()).filter((x) => x.includes(said.closed)).length === 1)
await menu(queue(general.id), t('closeQueue.open'))
await ok('it is opened again', async () => !(await queue(general.id).innerText()).includes(t('live.closed.hand')), sara)

// States of others.
await menu(agent(omid.id), t('state.available'))
await ok('a supervisor sets a state', async () => (await agent(omid.id).innerText()).includes(t('state.available')), sara)
await ok('and who waited is given out', async () => (await cell(general.id, 0)) === '0' && (await cell(general.id, 2)) === '2', sara)
await ok('which the agent sees', async () => (await omidPage.locator('[data-list] li button').count()) === 2, omidPage)

// Whisper.
const hers = await of('Hannah Schmidt')
await Promise.all([open(omidPage, hers), open(rezaPage, hers).catch(() => {})])
await agent(omid.id).getByRole('button', { name: t('live.work') }).first().click()
await ok('their conversations are listed', async () => (await dialog().getByRole('checkbox').count()) === 2, sara)
await shoot(sara, 'work')
const act = async (name, item) => {
  await dialog().locator('li', { hasText: name }).locator('button[aria-haspopup=menu]').click()
  await sara.getByRole('menuitem', { name: item, exact: true }).click()
}
await act('Hannah', t('steer.whisper'))
await dialog().locator('textarea').fill(said.whisper)
await shoot(sara, 'whisper')
await dialog().getByRole('button', { name: t('steer.whisper.send') }).click()
await ok('a whisper reaches the owner', async () => (await line(omidPage, 'whisper').innerText()).includes(said.whisper), omidPage)
await ok('another agent does not see it', async () => (await rezaPage.locator('[role=log]').count()) === 1 && (await rezaPage.getByText(said.whisper).count()) === 0, rezaPage)
await ok('nor does the customer', async () => !JSON.stringify(await hannah.items()).includes(said.whisper))

// Priority and skills.
await act('Hannah', t('act.priority'))
await dialog().getByRole('button', { name: /^\+(15|۱۵)$/ }).click()
await dialog().getByRole('button', { name: t('act.save') }).click()
await ok('priority is set', async () => (await of('Hannah Schmidt')).priority === 15, sara)
await act('Hannah', t('steer.needs'))
await dialog().getByRole('button', { name: said.skill }).click()
await shoot(sara, 'needs')
await dialog().getByRole('button', { name: t('act.save') }).click()
await ok('skills are asked for', async () => (await of('Hannah Schmidt')).needs?.[0]?.skill === said.skill, sara)

// Barge.
await act('Hannah', t('steer.barge'))
await ok('who comes in is led to the conversation', () => sara.url().includes(hers.id), sara)
await sara.locator('[role=log]').waitFor()
await ok('the owner sees it', async () => (await omidPage.locator('[data-beside=barge]').innerText()).includes(said.sara), omidPage)
await sara.getByRole('tab', { name: t('composer.reply'), exact: true }).click().catch(() => {})
await sara.locator('textarea').fill(said.barge)
await sara.keyboard.press('Enter')
await ok('their reply goes to the customer', async () => (await hannah.heard()).includes(said.barge), sara)
await ok('the owner still has it', async () => (await of('Hannah Schmidt')).owner === omid.id)

// Reassign several, take over.
await sara.goto(`${hub.url}/supervisor`)
await agent(omid.id).getByRole('button', { name: t('live.work') }).first().click()
await dialog().getByRole('checkbox').nth(0).click()
await dialog().getByRole('checkbox').nth(1).click()
await dialog().locator('.row', { hasText: said.reza }).click()
await ok('several are handed over at once', async () => (await of('Hannah Schmidt')).owner === reza.id && (await of('Maria Rossi')).owner === reza.id, sara)
await gone().catch(() => {})
await ok('whose load shows it', async () => !(await agent(reza.id).getByRole('button', { name: t('live.work') }).first().isDisabled()), sara)
await agent(reza.id).getByRole('button', { name: t('live.work') }).first().click()
await act('Maria', t('steer.takeOver'))
await ok('one is taken over', async () => (await of('Maria Rossi')).owner === hub.people.get('sara@example.com').id, sara)
await sara.locator('[role=menu]').waitFor({ state: 'hidden' })
await sara.keyboard.press('Escape')
await gone()

// A flag.
await open(leilaPage, await of('Thomas Müller'))
await leilaPage.locator('section header h2').first().click()
await leilaPage.keyboard.press('f')
await leilaPage.locator('[role=dialog] textarea').fill(said.flag)
await leilaPage.keyboard.press('Enter')
await ok('a flag stands on the live page with its words', () => sara.getByText(said.flag).first().isVisible(), sara)
await shoot(sara, 'flag')
await sara.getByRole('textbox', { name: t('asks.answer') }).fill(said.answer)
await sara.getByRole('button', { name: t('asks.answer'), exact: true }).click()
await ok('and is answered there', async () => (await line(leilaPage, 'answer').innerText()).includes(said.answer), leilaPage)
await ok('then it stands no more', async () => (await sara.getByText(said.flag).count()) === 0, sara)

// Settings: an alert, a promise, a skill.
const admin = await seat('nika@example.com', '/settings/alerts')
await admin.getByRole('button', { name: t('alerts.add') }).click()
const sheet = admin.locator('[role=dialog]')
const figure = sheet.getByRole('spinbutton').first()
await sheet.getByRole('combobox').nth(1).click()
await admin.getByRole('option', { name: t('unit.seconds'), exact: true }).click()
await figure.fill('three')
await sheet.getByRole('button', { name: t('act.save') }).click()
await ok('what is no number is not saved', () => figure.evaluate((x, words) => x.validationMessage === words, t('number.wrong')), admin)
await figure.fill('۳')
await sheet.locator('textarea').fill('sara@example.com')
await sheet.getByRole('combobox').last().click()
await admin.getByRole('option', { name: mailbox.name }).click()
await sheet.locator('input[type=url]').fill(called.url)
await shoot(admin, 'alert-rule')
await sheet.getByRole('button', { name: t('act.save') }).click()
await ok('a rule is saved', async () => (await api('GET', '/settings/alerts')).value.some((r) => r.kind === 'longest_wait' && r.value === 3 && r.sound), admin)
await ok('digits are the language’s', async () => (await figure.inputValue()) === (locale === 'fa' ? '۳' : '3'), admin)
await ok('what its calls are signed with is shown', () => sheet.getByText(t('alerts.secret.once')).isVisible(), admin)
const secret = (await sheet.locator('code').innerText()).trim()
await sheet.getByRole('button', { name: t('alerts.try') }).click()
await ok('it can be tried', async () => (await sheet.getByText(t('alerts.try.ok')).count()) === 2, admin)
await ok('a mail comes', () => mail.mails.length === 1 && mail.mails[0].to[0] === 'sara@example.com')
await ok('and a call that is signed', () => called.calls.length === 1 && called.calls[0].word.state === 'test' && called.calls[0].signed(secret))
await shoot(admin, 'alert-tried')
await admin.goto(`${hub.url}/settings/sla`)
await admin.getByRole('button', { name: t('promise.add') }).first().click()
await sheet.locator('input').first().fill(said.promise)
await sheet.getByRole('spinbutton').first().fill('12')
await shoot(admin, 'promise')
await sheet.getByRole('button', { name: t('act.save') }).click()
await ok('a promise is saved', async () => (await api('GET', '/settings/sla')).value?.[0]?.first === 12, admin)

// Another one, and another order: each time it is said what clocks that run do.
await admin.keyboard.press('Escape')
await admin.getByRole('button', { name: t('promise.add') }).first().click()
await ok('of a new one too it is asked what happens to clocks that run', () => sheet.getByText(t('promise.running.open')).isVisible(), admin)
await sheet.locator('input').first().fill('B')
await sheet.getByRole('spinbutton').first().fill('600')
await sheet.getByRole('button', { name: general.name, exact: true }).click()
await shoot(admin, 'promise-second')
await sheet.getByRole('button', { name: t('act.save') }).click()
await ok('another promise is saved', async () => (await api('GET', '/settings/sla')).value?.length === 2, admin)
await admin.getByRole('button', { name: t('form.up') }).last().click()
await ok('of another order too', () => admin.getByText(t('promise.running.open')).isVisible(), admin)
await admin.getByText(t('promise.running.take'), { exact: true }).click()
await shoot(admin, 'promise-order')
await admin.getByRole('button', { name: t('act.save') }).click()
await ok('which is saved', async () => (await api('GET', '/settings/sla')).value?.[0]?.name === 'B', admin)
await ok('and asked no more', async () => (await admin.getByText(t('promise.order')).count()) === 0, admin)

await rest(leila)
const waiting = await seat('sara@example.com', '/inbox?list=waiting')
await waiting.locator('[data-list]').waitFor()
const emma = await hub.visitor('Emma Brown', shop)
await emma.say('Is anybody there?')
await ok('a promise counts down in the list', async () => (await waiting.locator('[data-promise=running], [data-promise=soon]').count()) > 0, waiting)
await ok('and is broken when its time is over', async () => (await waiting.locator('[data-promise=broken]').count()) > 0, waiting)
await shoot(waiting, 'promise-broken')
await ok('the live page counts it, and one that took the new times', async () => (await cell(sales.id, 6)) === '2', sara)
const ofSales = sara.locator('[role=alert] > div').filter({ hasText: said.sales })
await ok('an alert shows', async () => (await ofSales.count()) === 1, sara)
await shoot(sara, 'alert')
await ok('it is heard', () => sara.evaluate(() => globalThis.tones.filter((hz) => hz === 880 || hz === 622).length >= 4), sara)
await ok('it is mailed', () => mail.mails.some((m) => m.to[0] === 'sara@example.com' && m.subject.includes(said.sales)))
await ok('and called, signed', () => called.calls.some((c) => c.word.state === 'firing' && c.word.alert.queue === sales.id && c.word.alert.limit === 3 && c.signed(secret)))
const board = await seat('sara@example.com', '/wallboard', { size: { width: 1920, height: 1080 }, theme: 'dark' })
await ok('the wallboard shows it', async () => (await board.locator('p[role=alert]').filter({ hasText: said.sales }).count()) === 1 && (await board.locator('h2').count()) === 2, board)
await shoot(board, 'board')
await ofSales.getByRole('button', { name: t('alert.ack') }).click()
const acked = async () => bare(await sara.locator('.page').innerText()).includes(t('alert.acked', { name: said.sara }))
await ok('it is acknowledged by name', acked, sara)
await ok('and gone from the wallboard', async () => (await board.locator('p[role=alert]').filter({ hasText: said.sales }).count()) === 0, board)
await menu(agent(leila.id), t('state.available'))
await ok('when nobody waits any more it ends', async () => !(await acked()), sara)
await ok('which is told as well', () => mail.mails.length > 2 && called.calls.some((c) => c.word.state === 'over' && c.signed(secret)), sara)
await ok('each once', () => called.calls.filter((c) => c.word.alert.queue === sales.id).length === 2 && mail.mails.length === 3)

// Who has a conversation is told when a promise is about to be broken, and when it is; once.
const promises = await api('GET', '/settings/sla')
await api('PUT', '/settings/sla', { version: promises.version, value: promises.value.map((p) => ({ ...p, first: 20, warn_percent: 10 })) })
const hear = (page) => page.evaluate(() => {
  globalThis.heard = new Set()
  const note = () => document.querySelectorAll('li [data-slot=wrapper]').forEach((x) => globalThis.heard.add(x.innerText))
  new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true })
})
const heard = async (page, ...texts) => (await page.evaluate(() => [...globalThis.heard])).filter((x) => texts.every((text) => bare(x).includes(bare(text)))).length
await Promise.all([hear(leilaPage), hear(omidPage)])
const nina = await hub.visitor('Nina Wagner', shop)
await nina.say('Can I pay by card?')
const late = t('sla.late', { kind: t('sla.first') })
await ok('who has a conversation is warned of its promise', async () => (await heard(leilaPage, t('sla.first'), 'Nina Wagner')) > 0, leilaPage)
await shoot(leilaPage, 'promise-warns')
await ok('and told that it is broken', async () => (await heard(leilaPage, late, 'Nina Wagner')) === 1, leilaPage)
await shoot(leilaPage, 'promise-late')
await leilaPage.getByRole('button', { name: t('news.open') }).last().click()
await ok('the way leads there', async () => leilaPage.url().includes((await of('Nina Wagner')).id), leilaPage)
await ok('nobody else hears of it', async () => (await heard(omidPage, 'Nina Wagner')) === 0, omidPage, 0)
await leilaPage.reload()
await hear(leilaPage)
await leilaPage.locator('[role=log]').waitFor()
await ok('nothing is told again', async () => (await heard(leilaPage, 'Nina Wagner')) === 0, leilaPage, 0)

// A rule that is removed while its alert stands.
await rest(leila)
const otto = await hub.visitor('Otto Klein', shop)
await otto.say('Hello')
await ok('it begins again for the next', async () => (await ofSales.count()) > 0, sara)
const rules = await api('GET', '/settings/alerts')
await api('PUT', '/settings/alerts', { version: rules.version, value: rules.value.filter((r) => r.value !== 3) })
await ok('a removed rule takes its alert along', async () => !/(^|\D)3(\D|$)/m.test((await sara.locator('[role=alert] > div p').allInnerTexts()).map((x) => bare(x).replace(/\(.*\)/, '')).join('\n')), sara)

// The customer's side: place, estimate, answer me later; in both languages. Three answers make a pace.
for (const name of ['Ada', 'Ben', 'Cleo']) {
  const v = await hub.visitor(name, shop)
  await v.say('One more question')
  await ok(`${name} waits`, async () => !!(await of(name)))
  const c = await of(name)
  await new Promise((r) => setTimeout(r, 2500)) // a wait that is worth telling
  await api('POST', `/conversations/${c.id}/claim`, {})
  await api('POST', `/conversations/${c.id}/reply`, { text: 'Yes' })
  await api('POST', `/conversations/${c.id}/resolve`, {})
}
await menu(agent(leila.id), t('state.busy'))
const shopper = async (lang) => {
  const site = watched(await (await browser.newContext({ viewport: { width: 1000, height: 760 }, locale: lang })).newPage(), `visitor ${lang}`)
  await site.route(`${hub.url}/shop-${lang}`, (r) => r.fulfill({ contentType: 'text/html; charset=utf-8', body: `<!doctype html><html lang="${lang}" dir="${lang === 'fa' ? 'rtl' : 'ltr'}"><title>Shop</title><body><h1>Shop</h1><script src="/hooks/${shop.id}/widget.js" async></script></body></html>` }))
  await site.goto(`${hub.url}/shop-${lang}`)
  await site.locator('tamas-chat button[aria-expanded]').click()
  return site
}
for (const lang of ['en', 'fa']) {
  const site = await shopper(lang)
  await site.locator('tamas-chat textarea').first().fill(lang === 'fa' ? 'سلام، موجود دارید؟' : 'Hello, do you have it?')
  await site.keyboard.press('Enter')
  await ok(`${lang}: the widget tells the place`, async () => (lang === 'fa' ? /شما نفر [۰-۹]+ صف هستید/ : /You are number \d+ in line/).test(await site.locator('tamas-chat').evaluate((x) => x.shadowRoot.textContent)), site)
  await ok(`${lang}: and the wait`, async () => (lang === 'fa' ? /حدود [۰-۹]+ دقیقه/ : /About \d+ min/).test(await site.locator('tamas-chat').evaluate((x) => x.shadowRoot.textContent)), site)
  await shoot(site, `widget-${lang}`)
  const form = site.locator('tamas-chat form.ask')
  await ok(`${lang}: it can be answered later`, () => form.isVisible(), site)
  await form.locator('input').fill('0912 000 00 0' + (lang === 'fa' ? 1 : 2))
  await form.getByRole('button').first().click()
  await ok(`${lang}: and is`, async () => /(answer you there|همان‌جا به شما پاسخ)/.test(await form.innerText()), site)
  await ok(`${lang}: the place stays`, async () => (lang === 'fa' ? /شما نفر/ : /You are number/).test(await site.locator('tamas-chat').evaluate((x) => x.shadowRoot.textContent)), site)
  await shoot(site, `widget-later-${lang}`)
}

// Somebody gives up; the live page knows a minute later (see the end).
const hasty = await shopper(locale)
await hasty.locator('tamas-chat textarea').first().fill(said.hasty)
await hasty.keyboard.press('Enter')
await ok('who is in a hurry waits', async () => !!(await of(said.hasty)), hasty)
const hastys = await of(said.hasty)
await hasty.context().close()

// A forgotten agent.
await menu(agent(omid.id), t('live.signOut'))
await dialog().getByRole('button', { name: t('live.signOut') }).click()
await ok('who is signed out is at the sign-in page', () => omidPage.url().includes('/sign-in'), omidPage)
await ok('and offline', async () => (await agent(omid.id).innerText()).includes(t('state.offline')), sara)

// Audit.
await sara.goto(`${hub.url}/supervisor/audit`)
await sara.locator('ol li').first().waitFor()
const all = await sara.locator('main, .page').last().innerText()
for (const a of ['agent.sign_out', 'settings.alerts', 'settings.sla', 'queue.close', 'agent.changed', 'conversation.assigned', 'conversation.barged', 'conversation.changed', 'conversation.accepted']) await ok(`the audit has ${a}`, () => all.includes(t(`did.${a}`)), sara, 0)
await ok('with before and after', async () => (await sara.locator('ol li .line-through').count()) > 0, sara)
await ok('and nothing unnamed', () => !/\b(conversation|agent|queue|settings) [a-z]+ ?[a-z]*\b/.test(locale === 'fa' ? all : ''), sara, 0)
await shoot(sara, 'audit')

await sara.getByLabel(t('audit.who'), { exact: true }).click()
await ok('by whomever', () => sara.getByRole('option', { name: said.omid }).isVisible(), sara)
await sara.keyboard.press('Escape')

// Reports: kept promises by promise; what numbers were made of, in words.
await sara.goto(`${hub.url}/supervisor/reports?figure=sla_first&period=today&by=policy`)
await ok('promises that were kept are told by promise', async () => (await sara.locator('tbody th', { hasText: said.promise }).count()) === 1, sara)
await sara.locator('tbody tr', { hasText: said.promise }).getByRole('button').click()
await ok('and the number opens what it was made of', async () => (await sara.locator('[role=dialog] ol li').count()) > 1, sara)
await shoot(sara, 'report-promises')
await sara.goto(`${hub.url}/supervisor/reports?figure=messages_out&period=today&by=reason`)
await ok('reasons are words', () => sara.locator('tbody th', { hasText: t('rep.reason.out.agent') }).isVisible(), sara)
await sara.locator('tbody tr', { hasText: t('rep.reason.out.agent') }).getByRole('button').click()
await ok('in lists too', async () => (await sara.locator('[role=dialog] ol li').first().innerText()).includes(t('rep.reason.out.agent')), sara)
await shoot(sara, 'report-reasons')

// Who left.
await sara.goto(`${hub.url}/supervisor`)
await ok('a visitor who left the page is said to have', async () => bare(await queue(sales.id).innerText()).includes(t('live.left', { n: '' }).trim()), sara, 240_000)
await ok('and counts as abandoned, soon as it was', async () => {
  const q = (await api('GET', '/supervisor')).queues.find((x) => x.id === sales.id)
  return q.abandoned_today + q.abandoned_short_today > 0
}, sara)
await shoot(sara, 'left')
await open(sara, hastys)
await ok('in the conversation too', async () => (await sara.getByText(t('conversation.left', { at: '' }).trim()).count()) > 0, sara)
await shoot(sara, 'left-conversation')

// Small and dark.
const small = { size: { width: 390, height: 844 }, theme: 'dark' }
for (const [path, what] of [['/supervisor', 'live'], ['/supervisor/audit', 'audit'], ['/wallboard', 'board'], ['/settings/sla', 'sla'], ['/settings/alerts', 'alerts'], ['/settings/skills', 'skills'], ['/settings/routing', 'routing'], ['/settings/calendars', 'calendars'], ['/settings/queues', 'queues']]) {
  const page = await seat('sara@example.com', path, small)
  await page.locator('h1:visible, h2:visible').first().waitFor()
  await ok(`${path} fits a phone`, () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), page)
  await shoot(page, `small-${what}`)
  await page.context().close()
}
for (const [path, what] of [['/settings/skills', 'skills'], ['/settings/routing', 'routing'], ['/settings/calendars', 'calendars'], ['/settings/queues', 'queues'], ['/settings/alerts', 'alerts'], ['/supervisor', 'live-end']]) {
  await sara.goto(hub.url + path)
  await sara.locator('h1:visible, h2:visible').first().waitFor()
  await sara.waitForTimeout(500)
  await shoot(sara, what)
}
await end()
