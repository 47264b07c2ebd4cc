import { onScopeDispose, ref, shallowRef } from 'vue'
import { onNews } from '@/stores/live'

/** A piece of a list, and what is given as before for the next one; '' at the end. */
export interface Piece<T> {
  items: T[]
  next: string | number
}

const page = 50
const most = 200

/**
 * usePaged reads a list piece by piece. What is changed while it is shown comes by itself when the hub tells of the topic ('' for any setting),
 * unless somebody has read far down. Only the last reading counts.
 */
export function usePaged<T extends { id: string }>(read: (before: string | number, limit: number) => Promise<Piece<T>>, topic?: string) {
  const items = shallowRef<T[]>([])
  const next = ref<string | number>('')
  const loaded = ref(false)
  const busy = ref(false)
  const failed = ref<unknown>(null)

  let turn = 0
  /** Reads as many as are shown, or those that come after them. */
  async function load(more = false): Promise<void> {
    const mine = ++turn
    busy.value = true
    try {
      const got = await read(more ? next.value : '', more ? page : Math.min(most, Math.max(page, items.value.length)))
      if (mine !== turn) return
      const held = new Set(more ? items.value.map((x) => x.id) : [])
      items.value = more ? [...items.value, ...got.items.filter((x) => !held.has(x.id))] : got.items
      next.value = got.items.length ? got.next : ''
      failed.value = null
      loaded.value = true
    } catch (e) {
      if (mine === turn) failed.value = e
    } finally {
      if (mine === turn) busy.value = false
    }
  }
  /** Begins anew, with something else to be shown. */
  function again(): Promise<void> {
    items.value = []
    next.value = ''
    loaded.value = false
    return load()
  }

  let timer: ReturnType<typeof setTimeout> | undefined
  const stop = onNews((n) => {
    if (topic === undefined || n.kind !== 'settings' || (topic && n.topic !== topic) || items.value.length > most) return
    clearTimeout(timer)
    timer = setTimeout(() => load(), 800)
  })
  onScopeDispose(() => {
    turn++
    stop()
    clearTimeout(timer)
  })
  return { items, next, loaded, busy, failed, load, again }
}
