import { computed, onScopeDispose, ref, shallowRef, watch, type Ref } from 'vue'
import type { Event, RecordTouch } from '@/api'
import { joined } from '@/lib/timeline'
import { askOf, type TouchFilter } from '@/lib/touchFilter'
import { nOf } from '@/live/protocol'
import { generation, onNews, whenRecorded } from '@/stores/live'
import { rec, type Whose } from './api'

const page = 100

/**
 * useTouches reads a timeline page by page, and what is new of it as it is recorded. ours tells whether an event's touch is of
 * this timeline. of are the identities or members whose touches it has: when one of them comes or goes (a merge, a split, an undo), touches
 * come and go anywhere in it, and it is read anew.
 */
export function useTouches(whose: Ref<Whose>, filter: Ref<TouchFilter>, of: () => readonly string[], ours: (e: Event) => boolean) {
  const items = shallowRef<RecordTouch[]>([])
  const next = ref<string | number>('')
  const begun = ref(false)
  const loading = ref(false)
  const failed = ref<unknown>(null)
  let turn = 0

  async function more(): Promise<void> {
    if (loading.value || (begun.value && !next.value)) return
    const mine = turn
    loading.value = true
    failed.value = null
    try {
      const got = await rec.touches(whose.value, { ...askOf(filter.value), before: next.value, limit: page })
      if (mine !== turn) return
      items.value = joined(items.value, got.items)
      next.value = got.items.length ? (got.next ?? '') : ''
      begun.value = true
    } catch (e) {
      if (mine === turn) failed.value = e
    } finally {
      if (mine === turn) loading.value = false
    }
  }
  function again(): void {
    turn++
    items.value = []
    next.value = ''
    begun.value = loading.value = false
    void more()
  }
  watch([() => JSON.stringify(whose.value), () => JSON.stringify(filter.value), () => [...of()].sort().join(), generation], again, { immediate: true })

  // What came is asked for by the same filter: then it is as the record has it, and in its place.
  let timer: ReturnType<typeof setTimeout> | undefined
  async function fresh(): Promise<void> {
    timer = undefined
    const mine = turn
    const got = await rec.touches(whose.value, { ...askOf(filter.value), limit: 30 }).catch(() => null)
    if (mine === turn && got && begun.value) items.value = joined(items.value, got.items)
  }
  const held = computed(() => new Set(items.value.map((x) => x.identity)))
  const soon = () => (timer ??= setTimeout(fresh, 150))
  const stop = onNews((n) => {
    if (n.kind === 'settings') {
      if (n.topic === 'customers') soon()
    } else if (n.kind === 'event' && n.event.touch) {
      if (held.value.has(n.event.touch.identity) || ours(n.event)) whenRecorded(nOf(n.event.id), soon)
    }
  })
  onScopeDispose(() => {
    turn++
    stop()
    clearTimeout(timer)
  })
  return { items, next, begun, loading, failed, more, again, fresh: soon }
}
