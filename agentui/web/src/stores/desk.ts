import { computed, ref, shallowRef, watch } from 'vue'
import { api, type Conversation, type ConversationView, type RoutingSetting } from '@/api'
import { asks, rank } from '@/live/lists'
import { withRows } from '@/live/reduce'
import { onNews, generation, live, update } from './live'
import { liveQueues } from './directory'
import { may, userId } from './session'

// What an agent's desk holds besides conversations: the workspace's routing, queues to take from, and what colleagues ask.

/** Break reasons, skills, tiers, bounds; {} until read. */
export const routing = shallowRef<RoutingSetting>({})
const read = ref(false)

export async function loadRouting(again = false): Promise<void> {
  if (read.value && !again) return
  routing.value = (await api.setting<RoutingSetting>('routing')).value ?? {}
  read.value = true
}
onNews((n) => {
  if (n.kind === 'settings' && n.topic === 'routing' && read.value) loadRouting(true).catch(() => {})
})

/** The queues whose members take for themselves, with the user among them. */
export const pullQueues = computed(() => new Set(liveQueues.value.filter((q) => q.mode === 'pull' && q.members.includes(userId.value)).map((q) => q.id)))
const takable = (r: Conversation) => r.status === 'waiting' && pullQueues.value.has(r.queue)
/** What the user may take, the one whose turn it is in front. */
export const toTake = computed(() => (pullQueues.value.size ? [...live.value.rows.values()].filter(takable).sort((a, b) => rank(b, { list: 'pull' }) - rank(a, { list: 'pull' })) : []))
export const pullWaiting = computed(() => [...pullQueues.value].reduce((n, q) => n + (live.value.counts.queues[q] ?? 0), 0))

/** What is asked of the user: to join, to look at a draft, to answer a flag. */
export const asked = computed<ConversationView[]>(() => [...live.value.rows.values()].filter((r) => asks(r, userId.value, may('supervisor')).length))

/** Reads what an earlier page would know: asked of us, and what may be taken. */
export async function loadDesk(): Promise<void> {
  const got = await Promise.all([api.conversations({ list: 'asked', limit: 100 }), pullQueues.value.size ? api.pull() : undefined])
  update((s) => withRows(s, got.flatMap((x) => x?.items ?? [])))
}
watch([generation, () => pullQueues.value.size], () => userId.value && loadDesk().catch(() => {}))
