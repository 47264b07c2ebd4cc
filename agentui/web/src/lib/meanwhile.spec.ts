import { expect, test } from 'vitest'
import { ApiError } from '@/api'
import { unlessChanged, withChanges } from './meanwhile'

const conflict = () => new ApiError(409, 'conflict', 'Somebody else changed this meanwhile.')

test('a change of something else does not stand in the way', async () => {
  let asked = 0
  const save = async () => {
    if (++asked < 3) throw conflict()
  }
  expect(await unlessChanged(() => false, save)).toBe(true)
  expect(asked).toBe(3)
})

test('what somebody else has changed is not overwritten', async () => {
  let now = 'Tehran'
  let asked = 0
  const save = async () => {
    asked++
    now = 'Shiraz'
    throw conflict()
  }
  expect(await unlessChanged(() => now !== 'Tehran', save)).toBe(false)
  expect(asked).toBe(1)
})

test('another refusal is told, and so is a conflict that does not end', async () => {
  const refused = new ApiError(422, 'invalid', 'No.')
  await expect(unlessChanged(() => false, () => Promise.reject(refused))).rejects.toBe(refused)
  await expect(unlessChanged(() => false, () => Promise.reject(conflict()))).rejects.toMatchObject({ code: 'conflict' })
})

test('tags that two people change are all kept', () => {
  expect(withChanges(['a', 'b'], ['b', 'c'], ['a', 'b', 'd'])).toEqual(['b', 'd', 'c'])
  expect(withChanges([], ['x'], ['x'])).toEqual(['x'])
})
