// What the stand-in hub answers of the record's settings where they are set up, and of imports.

const minute = 60_000
const text = (en, fa) => ({ en, fa })
/** The settings of the record, which its pages go by too; a firm that begins has none of its own. */
export function settings(hub, record, name, body) {
  const held = { attributes: 'attributes', kinds: 'kinds', record: 'settings' }[name]
  if (body) record[held] = body.value
  return { value: !body && !hub.accounts.length && Array.isArray(record[held]) ? [] : record[held], version: (body?.version ?? 0) + 1 }
}

const columns = [['نام', ['علی رضایی', 'سارا کریمی', 'Jonas Lindqvist']], ['موبایل', ['۰۹۱۲۱۲۳۴۵۶۷', '09351112233', '+46 70 123']], ['ایمیل', ['ali@example.ir', '', 'jonas@example.se']], ['تولد', ['۱۳۶۵/۰۳/۲۱', '1370/11/02', '1982-05-09']], ['یادداشت', ['مشتری قدیمی', '', 'VIP']]].map(([name, samples]) => ({ name, samples }))

function start(hub) {
  if (hub.imports) return
  const of = (id, state, more) => ({ id, version: 1, name: `${id}.csv`, of: 'customers', state, waiting: false, size: 1_840_000, read: 0, format: { kind: 'csv', encoding: 'windows-1256', delimiter: ';', header: true }, columns, mapping: { نام: 'name', موبایل: 'phone', ایمیل: 'email', تولد: 'attribute:birthday' }, remembered: true, options: { zone: 'Asia/Tehran', region: 'IR', dates: 'auto', existing: 'fill', source: 'import', kind: '', currency: '', inbound: null }, rows: 12_400, estimated: true, done: 0, good: 0, bad: 0, bad_kept: more?.bad ?? 0, made: 0, updated: 0, known: 0, customers: 0, messages: 0, warned: 0, warnings: [], error: '', left: [], left_count: 0, checked_at: 0, started_at: 0, ended_at: 0, forgotten_at: 0, at: Date.now() - 30 * minute, by: 'u4', ...more })
  hub.imports = !hub.accounts.length ? [] : [
    of('مشتریان-پاییز', 'new', {}),
    of('orders-2026', 'running', { of: 'touches', format: { kind: 'jsonl', encoding: 'utf-8', delimiter: '', header: true }, size: 412_000_000, read: 268_000_000, rows: 1_000_000, done: 650_000, made: 641_200, known: 8_300, bad: 500, customers: 4_120 }),
    of('newsletter', 'done', { rows: 5_210, estimated: false, done: 5_210, made: 3_900, updated: 1_200, known: 92, bad: 18, warned: 64, warnings: [{ column: 'مسئول', value: 'لیلا صادقی', message: 'There is no such colleague; it is left out.', rows: 64 }] }),
    of('old-shop', 'undone', { rows: 900, estimated: false, made: 0, left_count: 2, left: [{ customer: 'c1', name: 'نگار موسوی', reason: 'used' }, { customer: 'c2', name: 'Thomas Müller', reason: 'changed', fields: ['name'] }] }),
  ]
}

const wrong = [{ row: 14, fields: ['مریم', '۱۲۳', 'maryam@example'], errors: [{ column: 'موبایل', reason: 'bad_phone', value: '۱۲۳', message: 'It is no telephone number.' }, { column: 'ایمیل', reason: 'bad_email', value: 'maryam@example', message: 'It is no email address.' }] }, { row: 92, fields: ['Jo', '', ''], errors: [{ column: 'تولد', reason: 'bad_date', value: '31.31.1980', message: 'It is no date that can be read.' }] }]

export function imports(hub, method, id, action, body) {
  start(hub)
  if (!id && method === 'GET') return { items: hub.imports, next: '' }
  if (!id) { hub.imports.unshift({ ...hub.imports[0], id: `im${hub.imports.length}`, name: 'new.csv' }); return hub.imports[0] }
  if (id === 'fields') return { items: [['name', 'identity', 'Name', 'نام'], ['phone', 'identity', 'Phone', 'تلفن'], ['email', 'identity', 'Email', 'ایمیل'], ['tags', 'profile', 'Tags', 'برچسب‌ها'], ['city', 'profile', 'City', 'شهر'], ['attribute:birthday', 'attribute', 'Birthday', 'روز تولد']].map(([fid, group, en, fa]) => ({ id: fid, type: 'text', group, name: text(en, fa) })) }
  const x = hub.imports.find((i) => i.id === id)
  if (!x) throw { status: 404, code: 'not_found', message: 'There is no such import.' }
  if (action === 'preview') return { items: [{ row: 2, fields: [], becomes: { name: 'علی رضایی', identities: [{ channel: 'sms', address: '+989121234567' }, { channel: 'email', address: 'ali@example.ir' }], attributes: { birthday: '1986-06-11' } }, status: 'made' }, { row: 3, fields: [], becomes: { name: 'سارا کریمی', identities: [{ channel: 'sms', address: '+989351112233' }] }, status: 'updated' }, { ...wrong[0], row: 4, status: 'bad' }] }
  if (action === 'errors') return { items: wrong, total: x.bad }
  if (method === 'PATCH') return Object.assign(x, { ...body, version: x.version + 1, mapping: body.mapping ?? x.mapping, state: 'new' })
  if (method === 'DELETE') { hub.imports = hub.imports.filter((i) => i !== x); return null }
  if (action) Object.assign(x, { state: { check: 'checked', run: 'done', undo: 'undone', cancel: 'cancelled' }[action], made: 11_000, updated: 1_300, bad: 18, bad_kept: 18, estimated: false })
  return x
}
