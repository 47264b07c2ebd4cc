// What the hub's own description (agentui/openapi.yaml) says of an answer, as far as it is used there.

const at = (doc, ref) => ref.slice(2).split('/').reduce((x, k) => x[k], doc)
const kindOf = (v) => (v === null ? 'null' : Array.isArray(v) ? 'array' : Number.isInteger(v) ? 'integer' : typeof v)
const fits = (type, v) => [type].flat().some((t) => t === kindOf(v) || (t === 'number' && kindOf(v) === 'integer'))

/** Everything in which a value is not as a schema has it: "items.0.name: is missing". */
export function wrong(doc, schema, v, where = '') {
  if (schema.$ref) return wrong(doc, at(doc, schema.$ref), v, where)
  if (v === null && schema.nullable) return []
  const say = (what) => [`${where || 'it'}: ${what}`]
  const out = (schema.allOf ?? []).flatMap((s) => wrong(doc, s, v, where))
  const either = schema.anyOf ?? schema.oneOf
  if (either) {
    const each = either.map((s) => wrong(doc, s, v, where))
    if (!each.some((e) => !e.length)) out.push(...each.sort((a, b) => a.length - b.length)[0])
  }
  if (schema.type && !fits(schema.type, v)) return [...out, ...say(`is ${kindOf(v)}, not ${schema.type}`)]
  if (schema.enum && !schema.enum.includes(v)) out.push(...say(`is ${JSON.stringify(v)}, none of ${schema.enum.join(', ')}`))
  if (Array.isArray(v) && schema.items) v.forEach((x, i) => out.push(...wrong(doc, schema.items, x, `${where}.${i}`)))
  if (kindOf(v) === 'object') {
    for (const k of schema.required ?? []) if (v[k] === undefined) out.push(...say(`has no ${k}`))
    for (const [k, x] of Object.entries(v)) {
      const s = schema.properties?.[k] ?? schema.additionalProperties
      if (s === false) out.push(...say(`has ${k}, which the hub never says`))
      else if (s && typeof s === 'object') out.push(...wrong(doc, s, x, where ? `${where}.${k}` : k))
    }
  }
  return out
}

/** The schema of a good answer to a request of such a path; undefined: it is not described. */
export function answerOf(doc, method, path) {
  const want = path.split('/')
  const found = Object.keys(doc.paths).filter((p) => p.split('/').length === want.length && p.split('/').every((s, i) => s.startsWith('{') || s === want[i]))
  // Without a placeholder first.
  const best = found.sort((a, b) => a.split('{').length - b.split('{').length)[0]
  const good = Object.entries(doc.paths[best]?.[method]?.responses ?? {}).find(([code]) => code.startsWith('2'))?.[1]
  return (good?.$ref ? at(doc, good.$ref) : good)?.content?.['application/json']?.schema
}
