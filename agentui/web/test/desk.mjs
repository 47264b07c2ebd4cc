// Three agents, a supervisor and their customers at one real hub, each in a browser context of their own:
// node test/desk.mjs [folder for pictures] [en|fa]. Ends with 1 when a step fails. See test/real/hub.mjs for its variables.
import { walk } from './real/walk.mjs'
import { words } from './real/words.mjs'

const out = process.argv[2] ?? 'shots'
const locale = process.argv[3] ?? 'en'
const t = words(locale)
const { hub, browser, ok, shoot, seat, end } = await walk('desk', { out, locale })
const sees = (page, text) => () => page.getByText(text).first().isVisible()
const gone = (page, text) => async () => (await page.getByText(text).count()) === 0
const line = (page, kind) => page.locator(`article[data-kind=${kind}]`)
const beside = (page, kind) => page.locator(`[data-beside=${kind}]`)
const away = (page) => page.locator('section header h2, h1').first().click()
const head = (page) => page.locator('section header:has(h2)')
const title = (page) => page.locator('section header h2').first().innerText()
const answers = (v, text) => async () => (await v.heard()).includes(text)

async function available(page) {
  await page.locator(`nav button[aria-label^="${t.yourState}"]`).first().click()
  await page.getByRole('button', { name: t.available, exact: true }).click()
}

// The firm: Omid alone is offered the chats; Leila and Daniel take texts for themselves; Sara supervises.
const omidUser = await hub.hire(t.omid, 'omid@example.com')
const leilaUser = await hub.hire(t.leila, 'leila@example.com')
const danielUser = await hub.hire('Daniel Weber', 'daniel@example.com')
await hub.hire(t.sara, 'sara@example.com', 'supervisor')
const [general] = (await hub.api('GET', '/queues')).items
await hub.api('PATCH', `/queues/${general.id}`, { version: general.version, members: [omidUser.id], wrap_up_seconds: 30, offer_seconds: 30 })
const texts = await hub.api('POST', '/queues', { name: t.texts, mode: 'pull', offer_seconds: 30, target_seconds: 60, members: [leilaUser.id, danielUser.id] })
const text = await hub.texts(texts.id)

const [omid, leila, daniel, sara] = await Promise.all(['omid', 'leila', 'daniel', 'sara'].map((name) => seat(`${name}@example.com`)))
for (const page of [omid, leila, daniel, sara]) await page.locator('[data-list]').waitFor()

// State.
await available(omid)
await available(leila)
await ok('an agent is available', async () => (await omid.locator(`nav button[aria-label*="${t.available}"]`).count()) > 0, omid)
await omid.locator(`nav button[aria-label^="${t.yourState}"]`).first().click()
await ok('the channels that one takes can be chosen', async () => (await omid.getByRole('switch').count()) > 1, omid)
await omid.getByRole('switch').last().click()
await ok('one less is taken', async () => (await omid.getByRole('switch').last().getAttribute('aria-checked')) === 'false', omid)
await shoot(omid, 'state')
await omid.getByRole('switch').last().click()
await ok('and again', async () => (await omid.getByRole('switch').last().getAttribute('aria-checked')) === 'true', omid)
await omid.keyboard.press('Escape')

// Offers.
const hannah = await hub.visitor(t.hannah)
await hannah.say(t.question)
await ok('an offer comes, with its first message', async () => (await omid.locator('[role=alertdialog]').innerText()).includes(t.question), omid)
await ok('its queue and its wait', async () => { const x = await omid.locator('[role=alertdialog]').innerText(); return x.includes(general.name) && x.includes(t.waited) }, omid)
await shoot(omid, 'offer')
const second = await hub.visitor('Thomas Müller')
await second.say('Second question')
await ok('a second one stands below it', async () => (await omid.locator('[role=alertdialog]').count()) === 2, omid)
await shoot(omid, 'offers')
await omid.keyboard.press('a')
await ok('the first is accepted by key, and opens', async () => (await title(omid)).includes(t.hannah), omid)
await away(omid)
await omid.keyboard.press('Escape')
await ok('the second is declined by key', async () => (await omid.locator('[role=alertdialog]').count()) === 0, omid)
await omid.locator('[role=log]').waitFor()
const declined = (await hub.api('GET', '/conversations?list=waiting')).items[0]
await hub.api('POST', `/conversations/${declined.id}/claim`, {}) // not to be offered anew in the next round

// Why.
await away(omid)
await omid.keyboard.press('w')
await ok('why one has it is said in words', async () => (await omid.locator('[data-why]').innerText()).includes(t.onlyOne), omid)
await shoot(omid, 'why')
await omid.keyboard.press('Escape')

// Consult.
await ok('the dialog is gone', async () => (await omid.locator('[role=dialog]').count()) === 0, omid)
await omid.keyboard.press('q')
await omid.getByRole('option', { name: t.leila }).click()
await omid.locator('[role=dialog] input').last().fill(t.about)
await shoot(omid, 'consult')
await omid.getByRole('button', { name: t.ask, exact: true }).click()
await ok('a colleague is asked', async () => (await beside(omid, 'consult').innerText()).includes(t.leila), omid)
await ok('and told so', () => leila.locator('[data-list] header').getByText(t.askedOfYou).isVisible(), leila)
await leila.locator('[data-list] header').getByText(t.askedOfYou).click()
await leila.locator('[data-list] li button').first().click()
await beside(leila, 'consult').getByRole('button', { name: t.join }).click()
await ok('she joins', async () => (await beside(omid, 'consult').innerText()).includes(t.here), omid)
await leila.getByRole('tab', { name: t.draftTab }).click()
await leila.locator('textarea').fill(t.draft)
await shoot(leila, 'drafting')
await leila.getByRole('button', { name: t.propose, exact: true }).click()
await ok('her draft stands before the owner', async () => (await line(omid, 'draft').innerText()).includes(t.draft), omid)
await shoot(omid, 'draft')
await line(omid, 'draft').getByRole('button', { name: t.use }).click()
await ok('and goes into the reply by one press', async () => (await omid.locator('textarea').inputValue()) === t.draft, omid)

// Second opinion.
await omid.getByRole('button', { name: t.askToLook }).click()
await shoot(omid, 'review-ask')
await omid.getByRole('button', { name: t.anySupervisor }).click()
await ok('a second opinion is asked for', async () => (await line(omid, 'review').count()) === 1, omid)
await ok('nothing has gone to the customer', async () => (await hannah.heard()).length === 0)
await sara.locator('[data-list] header').getByText(t.askedOfYou).click()
await sara.locator('[data-list] li button').first().click()
await ok('the supervisor sees the draft', async () => (await line(sara, 'review').innerText()).includes(t.draft), sara)
await shoot(sara, 'review')
await ok('its author sees that it was seen', sees(omid, t.seen), omid)
await line(sara, 'review').getByRole('button', { name: t.approve }).click()
await ok('the verdict comes', async () => (await line(omid, 'verdict').innerText()).includes(t.says), omid)
await shoot(omid, 'verdict')
await line(omid, 'review').getByRole('button', { name: t.sendNow }).click()
await ok('and by one press the reply goes out', answers(hannah, t.draft), omid)
await ok('once', async () => (await hannah.heard()).length === 1)
await ok('the button is gone then', async () => (await line(omid, 'review').getByRole('button').count()) === 0, omid)

// Whisper and barge.
await sara.getByRole('tab', { name: t.whisperTab }).click()
await sara.locator('textarea').fill(t.whisper)
await sara.getByRole('button', { name: t.whisperDo, exact: true }).click()
await ok('a whisper reaches the owner', async () => (await line(omid, 'whisper').innerText()).includes(t.whisper), omid)
await ok('the customer does not hear it', async () => !(await hannah.heard()).includes(t.whisper))
await ok('nor does the colleague', async () => (await line(leila, 'whisper').count()) === 0, leila)
await sara.locator(`section header button[aria-label="${t.more}"]`).click()
await shoot(sara, 'menu')
await sara.getByRole('menuitem', { name: t.barge }).click()
await ok('a supervisor takes part, and the owner sees it', async () => (await beside(omid, 'barge').innerText()).includes(t.sara), omid)
await sara.getByRole('tab', { name: t.reply, exact: true }).click()
await sara.locator('textarea').fill(t.bargeReply)
await sara.keyboard.press('Enter')
await ok('what they reply reaches the customer', answers(hannah, t.bargeReply), sara)
await ok('and the owner still has it', async () => (await head(omid).innerText()).includes(t.you), omid)
await shoot(omid, 'barge')
await beside(sara, 'barge').getByRole('button').click()
await ok('they step out', async () => (await beside(omid, 'barge').count()) === 0, omid)

// Flag.
await away(omid)
await omid.keyboard.press('f')
await omid.locator('[role=dialog] textarea').fill(t.flag)
await shoot(omid, 'flag-raise')
await omid.keyboard.press('Enter')
await ok('a flag stands', async () => (await beside(omid, 'flag').innerText()).includes(t.flag), omid)
await ok('the supervisor sees it', async () => (await beside(sara, 'flag').innerText()).includes(t.flag), sara)
await beside(sara, 'flag').getByRole('button', { name: t.answer }).click()
await sara.locator('[data-beside=flag] textarea').fill(t.flagAnswer)
await shoot(sara, 'flag')
await sara.keyboard.press('Enter')
await ok('it is answered', async () => (await line(omid, 'answer').innerText()).includes(t.flagAnswer), omid)
await ok('and stands no more', async () => (await beside(omid, 'flag').count()) === 0, omid)
await shoot(omid, 'thread')

// Skills.
await sara.locator(`section header button[aria-label="${t.more}"]`).click()
await sara.getByRole('menuitem', { name: t.needs }).click()
await sara.locator('[role=dialog] input').last().fill(t.skill)
await sara.keyboard.press('Enter')
await shoot(sara, 'needs')
await sara.locator('[role=dialog]').getByRole('button', { name: t.save, exact: true }).click()
await ok('a supervisor says which skills it asks for', async () => (await head(sara).innerText()).includes(t.skill), sara)

// The end of the consultation, resolving, wrap-up.
await beside(omid, 'consult').getByRole('button', { name: t.end }).click()
await ok('the consultation ends', async () => (await beside(leila, 'consult').count()) === 0, leila)
await away(omid)
await omid.keyboard.press('e')
const wrap = omid.locator('[role=timer]').filter({ hasText: t.hannah })
await ok('wrap-up begins and counts down', () => wrap.isVisible(), omid)
const left = async () => {
  const m = /(\d+):(\d\d)/.exec((await wrap.innerText()).replace(/[۰-۹]/g, (d) => '۰۱۲۳۴۵۶۷۸۹'.indexOf(d)))
  return m ? Number(m[1]) * 60 + Number(m[2]) : 0
}
await ok('from half a minute', async () => (await left()) > 15 && (await left()) <= 30, omid)
await shoot(omid, 'wrapup')
await wrap.getByRole('button', { name: t.oneMore }).click()
await ok('it is extended by a minute', async () => (await left()) > 60, omid)
await wrap.getByRole('button', { name: t.done }).click()
await ok('done: available again', async () => (await omid.locator(`nav button[aria-label*="${t.available}"]`).count()) > 0 && (await wrap.count()) === 0, omid)

// Pull.
await text('09121234567', t.sms)
await text('09127654321', 'Second text')
await leila.getByRole('tab', { name: t.pull }).first().click()
await ok('members see what they may take', async () => (await leila.locator('[data-list] li button').count()) === 2, leila)
await ok('others do not', async () => (await omid.getByRole('tab', { name: t.pull }).count()) === 0, omid)
await shoot(leila, 'pull')
await leila.keyboard.press('v')
await ok('the longest waiting is taken by key', async () => (await title(leila)).includes('+989121234567'), leila)
await daniel.getByRole('tab', { name: t.pull }).first().click()
await ok('and is gone for the other', async () => (await daniel.locator('[data-list] li button').count()) === 1, daniel)

// A missed offer.
await hub.api('GET', `/queues`).then(({ items }) => hub.api('PATCH', `/queues/${general.id}`, { version: items.find((q) => q.id === general.id).version, offer_seconds: 5 }))
const third = await hub.visitor('Maria')
await third.say('Anybody there?')
await ok('an offer that is not answered', async () => (await omid.locator('[role=alertdialog]').count()) > 0, omid)
await ok('leaves its agent Not Responding, and says so', sees(omid, t.missed), omid)
await shoot(omid, 'missed')
await hub.api('PATCH', `/queues/${general.id}`, { version: (await hub.api('GET', '/queues')).items.find((q) => q.id === general.id).version, offer_seconds: 60 })
await omid.getByRole('button', { name: t.back }).click()
await ok('back to work by one press', gone(omid, t.missed), omid)

// Set by a supervisor.
await sara.goto(`${hub.url}/inbox?list=waiting`)
await hub.seat(browser, 'sara@example.com').then(async (p) => {
  await p.goto(`${hub.url}/inbox`)
  await p.evaluate(([id]) => fetch(`/api/v1/agents/${id}/state`, { method: 'PUT', headers: { 'Content-Type': 'application/json', 'X-Tamas-CSRF': '1' }, body: JSON.stringify({ state: 'break', reason: 'Lunch' }) }), [omidUser.id])
  await p.close()
})
await ok('a state that a supervisor set says by whom', sees(omid, t.setBy), omid)
await shoot(omid, 'set-by')

// Why it waits.
await sara.locator('[data-list] li button', { hasText: 'Maria' }).click()
await sara.getByRole('button', { name: t.whyWaiting }).first().click()
await ok('why it waits is said in words', async () => (await sara.locator('[data-why]').innerText()).replace(/[\u2066-\u2069]/g, '').includes(t.onBreak), sara)
await shoot(sara, 'waiting')

await end()
