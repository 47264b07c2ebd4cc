// The customer record of the stand-in hub: a customer of the id t<n> has n touches of every kind, on every channel.
const day = 86_400_000
const pick = (list, i) => list[i % list.length]

const names = { en: { one: 'Laleh Jafari', firm: 'Cypress Interiors', peer: 'Bahram Jafari', boss: 'Homa Salehi', friend: 'Emily Carter', shop: 'Tajrish shop' }, fa: { one: 'لاله جعفری', firm: 'دکوراسیون سرو', peer: 'بهرام جعفری', boss: 'هما صالحی', friend: 'امیلی کارتر', shop: 'فروشگاه تجریش' } }
const said = {
  en: ['Is the walnut desk available in 140 × 70?', 'Yes, two of them are in the Tajrish store. Shall I keep one for you?', 'Please do. I come on Thursday.', 'It is kept in your name until Friday.', 'Thank you! And is delivery free of charge?', 'From 5,000,000 toman on it is.', 'The drawer does not close well. https://shop.example/help says to wait, but it has been a week.', 'I am sorry. A technician can come tomorrow between 10 and 12.'],
  fa: ['میز گردوی ۱۴۰ در ۷۰ موجود است؟', 'بله، دو عدد در فروشگاه تجریش داریم. یکی را برایتان نگه دارم؟', 'لطفاً. پنج‌شنبه می‌آیم.', 'تا جمعه به نام شما کنار گذاشته شد.', 'سپاس! ارسال هم رایگان است؟', 'از پنج میلیون تومان به بالا، بله.', 'کشو خوب بسته نمی‌شود. در https://shop.example/help نوشته صبر کنید، ولی یک هفته شده.', 'پوزش می‌خواهم. تعمیرکار می‌تواند فردا میان ۱۰ و ۱۲ بیاید.'],
}

export class FakeRecord {
  constructor(hub) {
    this.hub = hub
    this.fa = hub.firm.locale === 'fa'
    this.w = names[this.fa ? 'fa' : 'en']
    this.people = new Map()
    this.logged = new Map()
    this.fields = new Map() // of conversations
    const t = (en, fa) => ({ en, fa })
    this.attributes = [
      { id: 'birthday', of: 'customer', name: t('Birthday', 'زادروز'), group: 'demographic', type: 'date' },
      { id: 'household', of: 'customer', name: t('Household', 'خانوار'), group: 'demographic', type: 'number' },
      { id: 'taste', of: 'customer', name: t('Taste', 'سلیقه'), group: 'psychographic', type: 'choices', options: [{ id: 'modern', name: t('modern', 'امروزی') }, { id: 'classic', name: t('classic', 'کلاسیک') }] },
      { id: 'warranty', of: 'customer', name: t('Extended warranty', 'ضمانت افزوده'), group: 'product', type: 'yes_no', required: true },
      { id: 'limit', of: 'customer', name: t('Credit limit', 'سقف اعتبار'), group: 'commercial', type: 'money', edit: ['supervisor'] },
      { id: 'page', of: 'customer', name: t('Page', 'صفحه'), group: 'commercial', type: 'link' },
      { id: 'order_no', of: 'conversation', name: t('Order', 'سفارش'), group: 'product', type: 'text' },
      { id: 'refund', of: 'conversation', name: t('Refund', 'بازپرداخت'), group: 'commercial', type: 'money' },
      { id: 'size', of: 'organisation', name: t('Employees', 'کارکنان'), group: 'demographic', type: 'number' },
    ]
    const list = (x) => Object.entries(x).map(([id, [en, fa]]) => ({ id, name: t(en, fa) }))
    this.settings = {
      stages: list({ prospect: ['Prospect', 'مشتری بالقوه'], first_purchase: ['First purchase', 'خرید نخست'], active: ['Active', 'فعال'], loyal: ['Loyal', 'وفادار'], advocate: ['Advocate', 'هوادار'], lapsed: ['Lapsed', 'ازدست‌رفته'], won_back: ['Won back', 'بازگشته'] }),
      purposes: list({ service: ['Service', 'خدمات'], marketing: ['Marketing', 'بازاریابی'], survey: ['Surveys', 'نظرسنجی'] }),
      relation_kinds: [{ id: 'spouse', name: t('spouse', 'همسر'), back: t('', '') }, { id: 'manager', name: t('manager', 'مدیر'), back: t('report', 'زیردست') }], field_roles: {}, required_fields: ['place'], stale_days: 365,
    }
    this.kinds = [{ id: 'x_repair', name: t('Repair', 'تعمیر'), icon: 'i-lucide-wrench', inbound: false, fields: [{ id: 'device', name: t('Device', 'دستگاه'), type: 'text', required: true }, { id: 'covered', name: t('Under warranty', 'در ضمانت'), type: 'yes_no' }] }]
  }

  /** A made-up customer, and those of the inbox with what profiles add. */
  person(id) {
    if (!this.people.has(id)) {
      const held = this.hub.customers.get(id)
      const n = /^t(\d+)$/.exec(id)?.[1]
      if (!held && !n) throw { status: 404, code: 'not_found', message: 'There is no such customer.' }
      const now = Date.now()
      const bare = n === '0'
      const customer = held ?? { id, name: bare ? '' : this.w.one, created_at: now - 900 * day, version: 3 }
      if (!bare) Object.assign(customer, { tier: 'gold', tags: this.fa ? ['ویژه', 'معمار'] : ['vip', 'architect'], languages: ['fa', 'en'], time_zone: 'Asia/Tehran', place: { country: 'IR', city: this.fa ? 'تهران' : 'Tehran' }, owner: 'u2', stage: 'loyal', attributes: { birthday: '1988-03-21', household: 4, taste: ['modern'], limit: { amount: 25_000_000, currency: 'IRT' }, page: 'https://instagram.example/laleh.design' } })
      const identities = held ? [...this.hub.identities.values()].filter((i) => i.customer === id)
        : bare ? [{ id: `${id}p`, customer: id, channel: 'phone', address: '+989121234567' }]
          : [{ id: `${id}e`, customer: id, channel: 'email', address: 'laleh.jafari@example.ir', evidence: this.fa ? 'پاسخ به نامهٔ تأیید' : 'answered the confirmation mail', link: { id: 'l1', to: id, kind: 'proof', verified: true, at: now - 300 * day } }, { id: `${id}t`, customer: id, channel: 'telegram', address: '184467440' }, { id: `${id}p`, customer: id, channel: 'phone', address: '+989121234567', unreachable: this.fa ? 'شماره خاموش است' : 'the number is not in service', unreachable_at: now - 3 * day }]
      const rich = !bare
      this.people.set(id, {
        customer, identities, touches: held ? undefined : this.made(id, Number(n), identities),
        organisations: rich ? [{ organisation: 'o1', name: this.w.firm, role: this.fa ? 'طراح ارشد' : 'Lead designer', since: now - 700 * day, until: 0 }] : [],
        relations: rich ? [{ id: 'r1', other: { id: 'c_i_webchat_b', name: this.w.peer }, kind: 'spouse', back: false, at: now - 100 * day }, { id: 'r2', other: { id: 'c_i_webchat_c', name: this.w.boss }, kind: 'manager', back: true, at: now - 90 * day }] : [],
        consents: rich ? [{ channel: 'email', purpose: 'marketing', state: 'given', at: now - 60 * day, by: 'u2', evidence: this.fa ? 'فرم فروشگاه' : 'form in the shop' }, { channel: 'sms', purpose: 'survey', state: 'refused', at: now - 30 * day, by: 'u1' }] : [],
        stages: rich ? [{ stage: 'loyal', at: now - 40 * day, by: 'u4', why: this.fa ? 'پنج خرید در یک سال' : 'five purchases within a year' }, { stage: 'active', at: now - 300 * day, by: '' }, { stage: 'first_purchase', at: now - 500 * day, by: '' }] : [],
      })
    }
    return this.people.get(id)
  }

  /** n touches over about two years, in runs of conversations, with what was logged between. */
  made(id, n, identities) {
    const out = []
    let at = Date.now() - 40 * 60e3
    const texts = said[this.fa ? 'fa' : 'en']
    const fa = this.fa
    const base = (i, kind, more) => ({ id: `${id}-${i}`, n: n - i, kind, conversation: '', identity: identities.at(-1).id, account: '@api', channel: 'phone', inbound: true, author: { kind: 'customer' }, at, state: 'logged', rev: 1, number: 0, ...more })
    const agent = { kind: 'agent', id: 'u2' }
    const others = [
      (i) => base(i, 'call', { author: agent, data: { seconds: 190, outcome: 'answered' }, body: { text: fa ? 'دربارهٔ زمان تحویل پرسید؛ قول پنج‌شنبه دادم.' : 'Asked when it arrives; I promised Thursday.' } }),
      (i) => base(i, 'purchase', { channel: 'shop', data: { amount: '12500000', currency: 'IRT', order: `A-${1000 + i}`, place: this.w.shop, items: [{ name: fa ? 'میز گردو ۱۴۰' : 'Walnut desk 140', quantity: 1, amount: '9800000' }, { name: fa ? 'صندلی بلوط' : 'Oak chair', quantity: 2, amount: '2700000' }] } }),
      (i) => base(i, 'programme', { channel: 'email', inbound: i % 2 === 0, author: { kind: 'system', id: 'shop' }, data: { programme: fa ? 'نوروز ۱۴۰۵' : 'Nowruz 1405', step: pick(['sent', 'opened', 'clicked'], i) } }),
      (i) => base(i, 'visit', { channel: 'webchat', body: { subject: 'https://shop.example/desks/walnut-140', text: fa ? 'میز گردو ۱۴۰ × ۷۰' : 'Walnut desk 140 × 70' } }),
      (i) => base(i, 'delivery', { inbound: false, author: { kind: 'system', id: 'shop' }, data: { order: `A-${1000 + i}`, step: pick(['shipped', 'delivered'], i), place: fa ? 'تهران' : 'Tehran' } }),
      (i) => base(i, 'note', { inbound: false, author: agent, body: { text: fa ? 'کلید ساختمان نزد نگهبان است؛ پیش از رفتن زنگ بزنید.' : 'The guard has the key; ring before you go.' } }),
      (i) => base(i, 'x_repair', { inbound: false, author: agent, data: { fields: { device: fa ? 'کشوی میز' : 'desk drawer', covered: true } } }),
      (i) => base(i, 'shop_visit', { channel: 'shop', data: { place: this.w.shop, seconds: 1500 }, author: agent, body: { text: fa ? 'نمونهٔ پارچه‌ها را دید.' : 'Looked at the fabrics.' } }),
      (i) => base(i, 'rating', { channel: 'telegram', conversation: '', score: 3 + (i % 3), body: { text: fa ? 'خوب بود' : 'Went well' } }),
      (i) => base(i, 'return', { channel: 'shop', data: { amount: '1350000', currency: 'IRT', order: `A-${1000 + i}`, items: [{ name: fa ? 'صندلی بلوط' : 'Oak chair', quantity: 1 }] } }),
    ]
    for (let i = 0, run = 0; out.length < n; run++) {
      const channel = pick(['telegram', 'email', 'webchat'], run)
      const c = `${id}-c${run}`
      for (let k = 0; k < 2 + (run * 5) % 7 && out.length < n; k++, i++, at -= 4 * 60e3) {
        const inbound = k % 2 === 0
        out.push(base(i, 'message', { conversation: n === 1 ? '' : c, number: 4000 - run, channel, identity: identities[0].id, inbound, author: inbound ? { kind: 'customer' } : agent, state: inbound ? 'received' : 'read', body: { text: pick(texts, run + k + 1), subject: channel === 'email' ? (fa ? 'سفارش میز' : 'Order of a desk') : '' } }))
      }
      for (let k = 0; k < 1 + run % 3 && out.length < n; k++, i++, at -= 50 * 60e3) out.push(pick(others, run + k * 3)(i))
      at -= ((run * 7) % 5) * 9 * 3600e3 + 3600e3
    }
    return out
  }

  touches(id) {
    const p = this.person(id)
    if (p.touches) return p.touches
    const visit = { id: 'v1', n: 1, kind: 'visit', conversation: '', identity: p.identities[0]?.id, account: 'a1', channel: 'webchat', inbound: true, author: { kind: 'customer' }, at: Date.now() - 20 * 60e3, state: 'received', rev: 1, number: 0, body: { subject: 'https://shop.example/desks/walnut-140', text: 'Walnut desk 140 × 70' } }
    const mine = [...this.hub.conversations.values()].filter((c) => p.identities.some((i) => i.id === c.identity))
    return mine.flatMap((c) => this.hub.touches.get(c.id).map((t) => ({ ...t, number: c.number }))).concat(visit, this.logged.get(id) ?? []).sort((x, y) => y.at - x.at)
  }

  line(all, q) {
    const has = (list, x) => !list || list.split(',').includes(x)
    const fit = all.filter((t) => has(q.kind, t.kind) && has(q.channel, t.channel) && (!q.agent || t.author.id === q.agent) && (!q.from || t.at >= Number(q.from)) && (!q.to || t.at < Number(q.to)) && (!q.text || JSON.stringify([t.body, t.data]).toLowerCase().includes(q.text.toLowerCase())))
    const from = Number(q.before) || 0
    const to = from + (Number(q.limit) || 40)
    return { items: fit.slice(from, to), next: to < fit.length ? String(to) : '' }
  }

  detail(id) {
    const p = this.person(id)
    const of = (list) => list.map((c) => this.hub.view(c))
    const conversations = p.touches
      ? [...new Map(p.touches.filter((t) => t.conversation).map((t) => [t.conversation, t])).values()].slice(0, 20).map((t, i) => ({ id: t.conversation, number: t.number, version: 1, identity: t.identity, account: 'a1', channel: t.channel, thread: t.conversation, queue: pick(['q1', 'q2'], i), status: i ? 'resolved' : 'active', owner: 'u2', units: 1, tags: [], created_at: t.at, last_message_at: t.at, customer: { id, name: p.customer.name }, address: p.identities[0].address, subject: t.body.subject, preview: { text: t.body.text, inbound: t.inbound, author: t.author, kind: 'message' } }))
      : of([...this.hub.conversations.values()].filter((c) => p.identities.some((i) => i.id === c.identity)))
    const missing = p.customer.name ? ['attributes.warranty', ...(p.customer.place?.address ? [] : ['place'])] : ['name', 'place', 'attributes.warranty']
    return { customer: p.customer, merged: [], identities: p.identities, conversations, organisations: p.organisations, relations: p.relations, consents: p.consents, stages: p.stages, pins: (p.touches ?? []).filter((t) => t.pinned || (t.kind === 'note' && t === p.touches.find((x) => x.kind === 'note'))).slice(0, 2).map((t) => ({ ...t, pinned_at: t.at, pinned_by: 'u2' })), completeness: { percent: p.customer.name ? 78 : 10, missing, stale: false, since: p.customer.created_at }, limits: { hidden: [], locked: [] }, first_touch: this.touches(id).at(-1)?.at, last_touch: this.touches(id)[0]?.at, at: this.hub.id() }
  }

  summary(all) {
    const months = new Map()
    const channels = new Map()
    for (const t of all) {
      const j = Object.fromEntries(new Intl.DateTimeFormat(`en-u-ca-${this.fa ? 'persian' : 'gregory'}-nu-latn`, { year: 'numeric', month: '2-digit' }).formatToParts(t.at).map((x) => [x.type, x.value]))
      const key = `${Number.parseInt(j.year)}-${j.month.padStart(2, '0')}`
      const month = months.get(key) ?? {}
      month[t.channel] = (month[t.channel] ?? 0) + 1
      months.set(key, month)
      const c = channels.get(t.channel) ?? { channel: t.channel, in: 0, out: 0, first: t.at, last: t.at, median_response: 190_000, from: { channel: t.channel } }
      c[t.inbound ? 'in' : 'out']++
      c.first = Math.min(c.first, t.at)
      c.last = Math.max(c.last, t.at)
      channels.set(t.channel, c)
    }
    const bought = all.filter((t) => t.kind === 'purchase')
    const ratings = all.filter((t) => t.kind === 'rating')
    const visits = all.filter((t) => t.kind === 'visit')
    return {
      channels: [...channels.values()], months: [...months].map(([month, channels]) => ({ month, channels, kinds: {}, from: {} })).reverse(),
      value: bought.length ? [{ currency: 'IRT', recency_days: Math.floor((Date.now() - bought[0].at) / day), frequency: bought.length, returns: 0, costed: bought.length > 0, money: bought.length * 12_500_000, margin: bought.length * 3_100_000, from: { kind: 'purchase,return' } }] : [],
      products: bought.length ? [{ name: this.fa ? 'میز گردو ۱۴۰' : 'Walnut desk 140', quantity: bought.length, amount: bought.length * 9_800_000, currency: 'IRT', last: bought[0].at, from: { kind: 'purchase,return', text: this.fa ? 'میز گردو ۱۴۰' : 'Walnut desk 140' } }, { name: this.fa ? 'صندلی بلوط' : 'Oak chair', quantity: bought.length * 2, amount: bought.length * 2_700_000, currency: 'IRT', last: bought[0].at, from: { kind: 'purchase,return' } }] : [],
      programmes: all.filter((t) => t.kind === 'programme').slice(0, 3).map((t) => ({ programme: t.data.programme, step: t.data.step, at: t.at, steps: { [t.data.step]: 1 }, from: { kind: 'programme', text: t.data.programme } })),
      visits: { count: visits.length, last: visits[0]?.at, pages: visits.length ? [{ address: 'https://shop.example/desks/walnut-140', title: visits[0].body.text, count: visits.length, last: visits[0].at }] : [], from: { kind: 'visit' } },
      satisfaction: { csat: ratings.length ? 83 : null, nps: null, count: ratings.length, last: ratings[0]?.score, at: ratings[0]?.at, from: { kind: 'rating' } },
      open: { conversations: 1, promises: [], orders: bought.length ? [{ order: bought[0].data.order, at: bought[0].at, step: 'shipped', from: { kind: 'delivery', text: bought[0].data.order } }] : [] },
    }
  }

  around(id) {
    const p = this.person(id)
    const nodes = [{ id, type: 'customer', name: p.customer.name, step: 0 }, { id: 'o1', type: 'organisation', name: this.w.firm, step: 1 }, ...p.relations.map((r) => ({ id: r.other.id, type: 'customer', name: r.other.name, step: 1 })), { id: 'x1', type: 'customer', name: this.w.friend, step: 2 }]
    return { nodes, more: false, edges: [{ from: id, to: 'o1', kind: 'member', role: '' }, { from: 'x1', to: 'o1', kind: 'member' }, ...p.relations.map((r) => ({ from: r.back ? r.other.id : id, to: r.back ? id : r.other.id, kind: r.kind }))] }
  }

  /** undefined: not of the record. */
  answer(method, [a, id, action], q, body, user) {
    if (a === 'kinds') return { items: this.kinds }
    if (a === 'settings' && method === 'GET' && id === 'attributes') return { value: this.attributes, version: 1 }
    if (a === 'settings' && method === 'GET' && id === 'record') return { value: this.settings, version: 1 }
    if (a === 'touches' && !id) return this.log(body, user)
    if (a === 'touches' && action === 'pin') {
      for (const p of this.people.values()) for (const t of p.touches ?? []) if (t.id === id) t.pinned = method === 'POST'
      return null
    }
    if (a === 'relations') return null
    if (a === 'conversations' && action === 'attributes') {
      const held = Object.entries({ ...this.fields.get(id), ...body.attributes }).filter(([, v]) => v !== null)
      this.fields.set(id, Object.fromEntries(held))
      return { attributes: this.fields.get(id) }
    }
    if (a === 'organisations') return this.organisation(method, id, action, q, body)
    if (a !== 'customers') return undefined
    if (!id && method === 'POST') { this.hub.customers.set('c_new', { id: 'c_new', name: body.name, created_at: Date.now(), version: 1 }); return this.hub.customers.get('c_new') }
    if (!id) return this.list(q)
    switch (action) {
      case undefined: {
        if (method !== 'PATCH') return this.detail(id)
        const p = this.person(id)
        const { attributes, stage_why, ...rest } = body
        if (rest.stage) p.stages.unshift({ stage: rest.stage, at: Date.now(), by: user.id, why: stage_why })
        Object.assign(p.customer, rest)
        p.customer.attributes = Object.fromEntries(Object.entries({ ...p.customer.attributes, ...attributes }).filter(([, v]) => v !== null))
        return p.customer
      }
      case 'identities': {
        const p = this.person(id)
        const address = body.channel === 'phone' ? body.address.replace(/[^+\d]/g, '') : body.address
        if (!/\d|@./.test(address)) throw { status: 422, code: 'invalid', field: 'address', message: 'The address: this is none.' }
        const whose = [...this.hub.identities.values()].find((i) => i.address === address)
        if (whose) throw { status: 409, code: 'conflict', field: 'address', message: 'This address is a customer’s already.', current: { id: whose.customer, name: this.hub.customers.get(whose.customer)?.name ?? '' } }
        const identity = { id: `i${Date.now()}`, customer: p.customer.id, home: p.customer.id, channel: body.channel, address, evidence: body.evidence ?? '' }
        p.identities.push(identity)
        return identity
      }
      case 'touches': return this.line(this.touches(id), q)
      case 'summary': return this.summary(this.touches(id))
      case 'map': return this.around(id)
      case 'relations': this.person(id).relations.push({ id: `r${Date.now()}`, other: { id: body.other, name: this.hub.customers.get(body.other)?.name ?? '' }, kind: body.kind, text: body.text, at: Date.now() }); return null
      case 'consents': {
        const p = this.person(id)
        if (method === 'PUT') { p.consents = [{ ...body, at: Date.now(), by: user.id }, ...p.consents.filter((c) => c.channel !== body.channel || c.purpose !== body.purpose)]; return null }
        return { items: p.consents }
      }
      case 'access': return { next: '', items: [{ by: 'u2', at: Date.now() - 9e5, what: 'seen' }, { by: 'u4', at: Date.now() - 40 * day, what: 'changed', action: 'customer.change', fields: ['stage', 'attributes.limit', 'place'], history: [{ field: 'stage', was: 'active', value: 'loyal' }, { field: 'attributes.limit', was: null, value: { amount: 25_000_000, currency: 'IRT' } }] }] }
    }
    return undefined
  }

  list(q) {
    const row = (c, address = '', channel = '') => ({ id: c.id, name: c.name, address, channel, created_at: c.created_at, version: c.version, completeness: { percent: 100, missing: [], stale: false, since: c.created_at } })
    const all = [row(this.person('t50').customer, 'laleh.jafari@example.ir', 'email'), ...[...this.hub.customers.values()].map((c) => { const i = [...this.hub.identities.values()].find((x) => x.customer === c.id); return row(c, i?.address, i?.channel) })]
    const fit = all.filter((c) => !q.q || `${c.name} ${c.address}`.toLowerCase().includes(q.q.toLowerCase()))
    const marked = q.fix === 'incomplete' ? fit.slice(0, 5).map((c) => ({ ...c, completeness: { ...c.completeness, percent: 60, missing: ['place', 'languages'] } })) : q.fix === 'unreachable' ? fit.slice(0, 2).map((c, i) => ({ ...c, unreachable: ['550 5.1.1 no such mailbox', 'blocked the bot'][i], unreachable_at: Date.now() - (i + 1) * 3 * day })) : q.fix ? fit.slice(0, 3) : fit
    const from = Number(q.before) || 0
    return { items: marked.slice(from, from + 50), next: from + 50 < marked.length ? String(from + 50) : '' }
  }

  organisation(method, id, action, q, body) {
    const o = { id: 'o1', name: this.w.firm, version: 1, place: { city: this.fa ? 'تهران' : 'Tehran', country: 'IR' }, tags: this.fa ? ['عمده'] : ['wholesale'], owner: 'u2', attributes: { size: 24 }, created_at: Date.now() - 700 * day, members: 2 }
    if (!id) return method === 'POST' ? { ...o, name: body.name } : { items: this.hub.conversations.size && (!q.q || o.name.toLowerCase().includes(q.q.toLowerCase())) ? [o] : [], next: '' }
    const all = () => this.touches('t50').map((t) => ({ ...t, customer: { id: 't50', name: this.w.one } }))
    if (action === 'touches') return this.line(all(), q)
    if (action === 'summary') return this.summary(all())
    if (method !== 'GET') return null
    return { organisation: o, members: [{ customer: { id: 't50', name: this.w.one }, role: this.fa ? 'طراح ارشد' : 'Lead designer', since: Date.now() - 700 * day, until: 0 }, { customer: { id: 't1', name: this.w.friend }, role: '', since: 0, until: 0 }], more: false, limits: { hidden: [], locked: [] } }
  }

  log(entry, user) {
    const id = entry.customer.id
    const known = [...(this.logged.get(id) ?? [])].some((t) => t.key === entry.id)
    if (known) return { id: entry.id, touch: entry.id, status: 'known' }
    const p = this.person(id)
    const t = { id: entry.id, key: entry.id, n: this.hub.n + 1, kind: entry.kind, conversation: '', identity: p.identities[0].id, account: '@app', channel: 'phone', inbound: entry.inbound ?? true, author: { kind: 'agent', id: user.id }, at: entry.at ?? Date.now(), state: 'logged', rev: 1, number: 0, body: entry.text ? { text: entry.text } : undefined, data: entry.data }
    if (p.touches) p.touches.unshift(t)
    else this.logged.set(id, [t, ...(this.logged.get(id) ?? [])])
    this.hub.next()
    this.hub.emit('touch.logged', { by: t.author, touch: t })
    return { id: entry.id, touch: t.id, status: 'recorded' }
  }
}
