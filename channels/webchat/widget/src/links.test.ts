import { test } from 'node:test'
import assert from 'node:assert/strict'
import { pieces } from './links.ts'

const links = (s: string) => pieces(s).filter(p => p.href).map(p => p.href)

test('a text comes out whole, whatever is linked', () => {
  for (const s of ['', 'سلام', 'see https://a.example/x?y=1#z, ok', 'a@b.example', 'x (https://a.example/(b)) y', 'https://']) {
    assert.equal(pieces(s).map(p => p.text).join(''), s)
  }
})

test('sentence marks are no part of an address', () => {
  assert.deepEqual(links('ببین https://a.example/x؟ یا (http://b.example).'), ['https://a.example/x', 'http://b.example/'])
  assert.deepEqual(links('https://a.example/w_(x)'), ['https://a.example/w_(x)'])
})

test('only web and mail', () => {
  assert.deepEqual(links('javascript:alert(1) data:text/html,x ftp://a.example file:///etc'), [])
  assert.deepEqual(links('https://good.example@evil.example/'), [])
  assert.deepEqual(links('sara@shop.example!'), ['mailto:sara@shop.example'])
})

