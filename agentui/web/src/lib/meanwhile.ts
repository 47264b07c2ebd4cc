import { nextTick } from 'vue'
import { ApiError } from '@/api'

const tries = 5

/**
 * A change of what others may be changing, too. save is tried again while the hub says that something was changed, as long as what is being
 * changed here was not; false: it was, and nothing is saved. save brings the newest along when it fails so.
 */
export async function unlessChanged(changed: () => boolean, save: () => Promise<unknown>): Promise<boolean> {
  for (let n = 1; !changed(); n++) {
    try {
      await save()
      return true
    } catch (e) {
      if (!(e instanceof ApiError && e.code === 'conflict') || n === tries) throw e
      await nextTick() // what was brought reaches who asks changed
    }
  }
  return false
}

/** What was added to a list and taken out of it, done to what it is now. */
export function withChanges(was: string[], to: string[], now: string[]): string[] {
  const kept = now.filter((x) => to.includes(x) || !was.includes(x))
  return [...kept, ...to.filter((x) => !was.includes(x) && !kept.includes(x))]
}
