import { computed, ref, shallowRef } from 'vue'
import { api, type Account, type Canned, type Firm, type Queue, type User } from '@/api'
import { say } from '@/i18n'
import { kind, me } from './session'
import { onNews } from './live'

// The rows that names are looked up in: users, queues, accounts, canned answers. Loaded once, and again
// when the hub says that they changed.

export const users = shallowRef<User[]>([])
export const queues = shallowRef<Queue[]>([])
export const accounts = shallowRef<Account[]>([])
export const canned = shallowRef<Canned[]>([])
/** Whether they were read at least once. */
export const known = ref(false)

const userById = computed(() => new Map(users.value.map((u) => [u.id, u])))
const queueById = computed(() => new Map(queues.value.map((q) => [q.id, q])))
const accountById = computed(() => new Map(accounts.value.map((a) => [a.id, a])))

export const user = (id: string | undefined) => (id ? userById.value.get(id) : undefined)
export const userName = (id: string | undefined) => user(id)?.name ?? ''
export const queue = (id: string | undefined) => (id ? queueById.value.get(id) : undefined)
export const queueName = (id: string | undefined) => queue(id)?.name ?? ''
export const account = (id: string | undefined) => (id ? accountById.value.get(id) : undefined)
export const liveQueues = computed(() => queues.value.filter((q) => !q.archived))
export const liveUsers = computed(() => users.value.filter((u) => !u.disabled))
export const kindLabel = (name: string) => say(kind(name)?.label) || name
export const accountName = (id: string, channel: string) => account(id)?.name || kindLabel(channel)

const loaders: Record<string, () => Promise<void>> = {
  users: async () => void (users.value = (await api.users()).items),
  queues: async () => void (queues.value = (await api.queues()).items),
  accounts: async () => void (accounts.value = (await api.accounts()).items),
  canned: async () => void (canned.value = (await api.canned()).items),
  firm: async () => {
    const firm: Firm = await api.firm()
    if (me.value) me.value = { ...me.value, firm }
  },
}

export type Topic = 'users' | 'queues' | 'accounts' | 'canned' | 'firm'

/** refresh loads a topic again; an agent may lack the right to read one, then it stays empty. */
export async function refresh(topic: Topic): Promise<void> {
  await loaders[topic]!().catch(() => {})
}

export async function loadDirectory(): Promise<void> {
  await Promise.all((['users', 'queues', 'accounts', 'canned'] as const).map(refresh))
  known.value = true
}

const singular: Record<string, Topic> = { user: 'users', queue: 'queues', account: 'accounts' }

onNews((n) => {
  if (n.kind !== 'settings') return
  const topic = n.topic.split(/[:/. ]/)[0] ?? ''
  const name = singular[topic] ?? topic
  if (name in loaders) void refresh(name as Topic)
  else if (!topic) void loadDirectory()
})
