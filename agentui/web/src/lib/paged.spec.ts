import { effectScope } from 'vue'
import { expect, it } from 'vitest'
import { usePaged, type Piece } from './paged'

type Row = { id: string }
const rows = (...ids: string[]): Row[] => ids.map((id) => ({ id }))

/** A list whose readings are answered when the test says so. */
function held() {
  const asked: { before: string | number; limit: number; answer: (p: Piece<Row>) => void; refuse: (e: unknown) => void }[] = []
  const list = effectScope().run(() => usePaged<Row>((before, limit) => new Promise((answer, refuse) => asked.push({ before, limit, answer, refuse }))))!
  return { asked, list }
}

it('a list is read piece by piece, each row once', async () => {
  const { asked, list } = held()
  const first = list.load()
  asked[0]!.answer({ items: rows('a', 'b'), next: 'b' })
  await first
  const more = list.load(true)
  expect(asked[1]).toMatchObject({ before: 'b', limit: 50 })
  asked[1]!.answer({ items: rows('b', 'c'), next: '' })
  await more
  expect(list.items.value).toEqual(rows('a', 'b', 'c'))
  expect([list.next.value, list.loaded.value, list.busy.value]).toEqual(['', true, false])
})
it('only the last reading counts, and one that fails leaves what is shown', async () => {
  const { asked, list } = held()
  const all = [list.load(), list.again()]
  asked[1]!.answer({ items: rows('new'), next: '' })
  asked[0]!.answer({ items: rows('old'), next: '' })
  await Promise.all(all)
  expect(list.items.value).toEqual(rows('new'))
  const third = list.load()
  asked[2]!.refuse(new Error('away'))
  await third
  expect(list.items.value).toEqual(rows('new'))
  expect(list.failed.value).toBeInstanceOf(Error)
})
