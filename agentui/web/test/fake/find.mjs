// What the stand-in hub answers of search, and of who may be one person.

const minute = 60_000
const fold = (s) => s.toLowerCase().replace(/ي/g, 'ی').replace(/ك/g, 'ک').replace(/\u200c/g, '')
const names = { from: 'from', از: 'from', channel: 'channel', کانال: 'channel', tag: 'tag', برچسب: 'tag', before: 'before', پیشاز: 'before', after: 'after', پساز: 'after', kind: 'kind', نوع: 'kind', queue: 'queue', صف: 'queue', status: 'status', وضعیت: 'status', in: 'in', در: 'in' }

/** A text in pieces, those that were asked for marked. */
function parts(text, word) {
  const at = word ? fold(text).indexOf(fold(word)) : -1
  if (at < 0) return [{ text, hit: false }]
  return [{ text: text.slice(0, at), hit: false }, { text: text.slice(at, at + word.length), hit: true }, { text: text.slice(at + word.length), hit: false }].filter((p) => p.text)
}

export function search(hub, q) {
  const filters = []
  const text = q.q.replace(/(\S+?)[:：]("[^"]*"|\S*)/g, (raw, name, value) => {
    const key = names[fold(name)]
    if (!key) return raw
    value = value.replaceAll('"', '')
    filters.push({ key, value, raw, error: !value ? 'empty' : key === 'channel' && !hub.accounts.some((a) => a.kind === value) ? 'unknown' : /before|after/.test(key) && !/^(\d{4}[-/]\d+[-/]\d+|today|yesterday|\d+d)$/.test(value) ? 'date' : '' })
    return ''
  }).trim()
  const of = (key) => filters.filter((f) => f.key === key && !f.error).map((f) => f.value)
  const where = of('in').concat(q.in ? q.in.split(',') : [])
  const wanted = (section) => !q.before && (!where.length || where.includes(section))
  const has = (s) => fold(s ?? '').includes(fold(text))
  const fits = (c) => of('channel').every((x) => c.channel === x) && of('status').every((x) => c.status === x) && of('from').every((x) => fold(hub.view(c).customer.name).includes(fold(x)))
  const who = (c) => ({ ...hub.view(c).customer, address: hub.view(c).address, channel: c.channel })
  const some = [...hub.conversations.values()].slice(0, 60).filter(fits)
  const messages = some.flatMap((c) => hub.touches.get(c.id).filter((t) => t.body?.text && has(t.body.text)).map((t) => ({ touch: t.id, conversation: c.id, number: c.number, kind: t.kind, inbound: t.inbound, author: t.author, customer: who(c), channel: c.channel, at: t.at, parts: parts(t.body.text.slice(0, 160), text), snippet: t.body.text.slice(0, 160) }))).sort((a, b) => b.at - a.at)
  const limit = Number(q.limit) || 20
  const from = Number(q.before) || 0
  const owner = [...hub.customers.values()][0]
  const touches = !owner || !hub.accounts.length ? [] : [['purchase', 'Walnut desk 140 × 70, order 90121'], ['call', 'Asked when order 12458 will come']].filter((x) => has(x[1])).map(([kind, said], i) => ({ touch: `x${i}`, conversation: '', number: 0, kind, inbound: true, author: { kind: 'customer' }, customer: { id: owner.id, name: owner.name, address: '09121234567', channel: 'phone' }, channel: i ? 'phone' : 'shop', at: Date.now() - (i + 2) * 1440 * minute, parts: parts(said, text), snippet: said }))
  return {
    text, filters,
    customers: wanted('customers') && text && !filters.length ? [...hub.identities.values()].filter((i) => has((i.name ?? '') + i.address)).slice(0, limit).map((i) => ({ id: i.customer, name: i.name ?? '', address: i.address, channel: i.channel, parts: parts(i.name && has(i.name) ? i.name : i.address, text) })) : [],
    organisations: wanted('organisations') && text && !filters.length ? ['Order of Architects', 'شرکت آوین تجارت'].filter(has).map((name, i) => ({ id: `o${i}`, name, parts: parts(name, text) })) : [],
    conversations: wanted('conversations') ? some.filter((c) => has(hub.view(c).subject) && hub.view(c).subject).slice(0, limit).map((c) => ({ id: c.id, number: c.number, subject: hub.view(c).subject, status: c.status, queue: c.queue, channel: c.channel, tags: c.tags, customer: who(c), at: c.last_message_at, parts: parts(hub.view(c).subject, text) })) : [],
    messages: !where.length || where.includes('messages') ? messages.slice(from, from + limit) : [],
    touches: wanted('touches') ? touches : [],
    settings: [], meant: [], next: messages.length > from + limit ? String(from + limit) : '', indexed: 100,
  }
}

/** Who may be one person; what was decided is remembered. */
export function pairs(hub, q) {
  const people = [...hub.identities.values()]
  hub.pairs ??= people.length < 8 ? [] : [
    [0, 3, 96, [{ kind: 'phone', value: '9121234567' }, { kind: 'name' }]], [1, 5, 85, [{ kind: 'named', value: 'thomas.mueller@example.com' }]], [2, 6, 50, [{ kind: 'name' }]], [8, 7, 40, [{ kind: 'device' }]],
  ].map(([a, b, score, reasons], i) => {
    const side = (n) => ({ customer: { ...hub.customers.get(people[n].customer), tier: n === 0 ? 'gold' : '' }, identities: [people[n], ...(n === 0 || n === 3 ? [{ ...people[n], id: `${people[n].id}x`, channel: 'sms', address: n ? '+989121234567' : '09121234567' }] : [])] })
    return { id: `p${i}`, score, reasons, state: 'open', at: Date.now() - i * 90 * minute, a: side(a), b: side(b) }
  })
  const state = q.state || 'open'
  const counts = Object.fromEntries(['open', 'merged', 'dismissed'].map((s) => [s, hub.pairs.filter((p) => p.state === s).length]))
  return { items: hub.pairs.filter((p) => p.state === state && (!q.customer || [p.a, p.b].some((s) => s.customer.id === q.customer))), next: '', counts }
}

export function decide(hub, id, state, by) {
  const p = hub.pairs?.find((x) => x.id === id)
  if (!p || p.state !== 'open') throw { status: p ? 409 : 404, code: p ? 'conflict' : 'not_found', message: 'Decided already.' }
  Object.assign(p, { state, decided_at: Date.now(), decided_by: by })
  return null
}

/** What merging one into another would do. */
export function preview(hub, into, from) {
  const side = (id) => ({ customer: hub.customers.get(id), merged: [], identities: [...hub.identities.values()].filter((i) => i.customer === id), conversations: 1, open: 1, touches: 7 })
  return { from: side(from), into: side(into), fields: [{ field: 'name', from: hub.customers.get(from).name, into: hub.customers.get(into).name, shows: hub.customers.get(into).name }], seen: 's' }
}
