import { computed } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'
import type { Status } from '@/api'
import type { Filter } from '@/live/lists'

const lists = ['mine', 'waiting', 'all', 'pull', 'asked'] as const

/** useView is the inbox's list as the address tells it, and ways to go elsewhere. */
export function useView() {
  const route = useRoute()
  const router = useRouter()
  const one = (v: unknown) => (typeof v === 'string' && v ? v : undefined)

  const filter = computed<Filter>(() => {
    const list = lists.find((l) => l === route.query.list) ?? 'mine'
    const f: Filter = { list }
    const q = route.query
    if (one(q.queue)) f.queue = one(q.queue)
    if (one(q.channel)) f.channel = one(q.channel)
    if (one(q.tag)) f.tag = one(q.tag)
    if (list === 'all') f.status = (one(q.status) as Status | undefined) ?? 'open'
    return f
  })
  const selected = computed(() => one(route.params.id))

  function go(f: Partial<Filter>, id = selected.value): void {
    const query: LocationQueryRaw = { ...f }
    for (const k of Object.keys(query)) if (!query[k]) delete query[k]
    void router.push({ name: 'inbox', params: id ? { id } : {}, query })
  }
  const open = (id: string | undefined) => go(route.query as Partial<Filter>, id ?? '')
  return { filter, selected, go, open }
}
