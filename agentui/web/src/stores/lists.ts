import { computed, reactive, watch, type Ref } from 'vue'
import { api } from '@/api'
import { rank, select, type Filter, type Loaded } from '@/live/lists'
import { withRows } from '@/live/reduce'
import { generation, live, update } from './live'
import { pullQueues } from './desk'
import { may, userId } from './session'

interface Page extends Loaded {
  loading: boolean
  failed: unknown
  begun: boolean
}

const pages = reactive(new Map<string, Page>())
const pageSize = 50

watch(generation, () => pages.clear())

/** useList is a list's rows, live, and the way to load more of them. */
export function useList(filter: Ref<Filter>) {
  const key = computed(() => JSON.stringify(filter.value))
  const page = computed(() => pages.get(key.value))

  async function more(): Promise<void> {
    const f = filter.value
    const k = key.value
    let p = pages.get(k)
    if (!p) {
      pages.set(k, { next: '', boundary: Number.POSITIVE_INFINITY, loading: false, failed: null, begun: false })
      p = pages.get(k)!
    }
    if (p.loading || (p.begun && !p.next)) return
    p.loading = true
    p.failed = null
    try {
      const got = f.list === 'pull' ? { ...(await api.pull()), next: '' } : await api.conversations({ ...f, before: p.next, limit: pageSize })
      if (pages.get(k) !== p) return // loaded anew meanwhile
      // Rows first: the boundary may only move over what is held.
      update((s) => withRows(s, got.items))
      const last = got.items.at(-1)
      p.boundary = last ? rank(last, f) : Number.NEGATIVE_INFINITY
      p.next = got.items.length ? got.next : ''
      p.begun = true
    } catch (e) {
      p.failed = e
    } finally {
      p.loading = false
    }
  }

  watch([key, generation], () => {
    if (!page.value?.begun) void more()
  }, { immediate: true })

  const rows = computed(() => {
    const p = page.value
    return p?.begun ? select(live.value.rows, filter.value, { me: userId.value, supervisor: may('supervisor'), pulls: pullQueues.value }, p) : []
  })
  return {
    rows,
    more,
    begun: computed(() => !!page.value?.begun),
    loading: computed(() => !!page.value?.loading),
    failed: computed(() => page.value?.failed ?? null),
    end: computed(() => !!page.value?.begun && !page.value.next),
  }
}

