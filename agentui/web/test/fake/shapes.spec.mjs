// @vitest-environment node
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { answerOf, wrong } from './schema.mjs'
import { serve } from './server.mjs'

// The stand-in hub answers as the hub does: the hub's own tests hold its answers to the same description.
const doc = parse(readFileSync(new URL('../../../openapi.yaml', import.meta.url), 'utf8'), { merge: true })

const paths = [
  '/session', '/sessions', '/counts', '/agents', '/users', '/queues', '/canned', '/accounts', '/accounts/health', '/alerts', '/firm', '/tokens', '/kinds', '/supervisor', '/audit',
  '/settings/attributes', '/settings/record', '/settings/routing', '/settings/calendars', '/settings/sla', '/settings/alerts',
  '/conversations?list=all', '/conversations?list=waiting', '/search?q=order', '/suggestions', '/suggestions?state=dismissed', '/organisations',
  '/customers', '/customers?fix=incomplete', '/customers?fix=stale', '/customers?fix=unreachable', '/imports',
]
const ofCustomer = ['', '/touches', '/summary', '/map', '/consents', '/access', '/history']

for (const size of ['little', 'empty'])
  describe(`the stand-in hub with ${size}`, () => {
    let hub
    beforeAll(async () => void (hub = await serve({ size })))
    afterAll(() => hub.close())
    const cookie = { Cookie: 'tamas_session=u1' }
    const ask = async (path) => {
      const r = await fetch(`${hub.url}/api/v1${path}`, { headers: cookie })
      const body = await r.json()
      expect(r.status, `${path}: ${JSON.stringify(body).slice(0, 200)}`).toBe(200)
      const schema = answerOf(doc, 'get', path.split('?')[0])
      expect(schema, `${path} is described`).toBeDefined()
      return { body, problems: wrong(doc, schema, body) }
    }
    it.each(paths)('%s', async (path) => expect((await ask(path)).problems).toEqual([]))
    if (size === 'little') {
      it.each(['t0', 't1', 't50'].flatMap((c) => ofCustomer.map((x) => `/customers/${c}${x}`)))('%s', async (path) => expect((await ask(path)).problems).toEqual([]))
      it.each(['', '/touches', '/summary'].map((x) => `/organisations/o1${x}`))('%s', async (path) => expect((await ask(path)).problems).toEqual([]))
      it('a conversation, its touches, and what a merge would do', async () => {
        const { body } = await ask('/conversations?list=all')
        for (const c of body.items.slice(0, 6))
          for (const x of ['', '/touches?before=999999', '/why']) expect((await ask(`/conversations/${c.id}${x}`)).problems, `${c.id}${x}`).toEqual([])
        const [pair] = (await ask('/suggestions')).body.items
        expect((await ask(`/customers/${pair.a.customer.id}/merge?from=${pair.b.customer.id}`)).problems).toEqual([])
      })
    }
  })
