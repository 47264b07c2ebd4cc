import { computed, ref, shallowRef, watch } from 'vue'
import { api, ApiError, type Agent, type AgentState, type CommandAnswer, type Conversation } from '@/api'
import { emptyState, reduce, withAgents, withAnswer, withConversation, withCounts, withEarlier, withoutOldTyping, withRows, type LiveState, type News } from '@/live/reduce'
import type { Item } from '@/live/protocol'
import { Socket, type Link } from '@/live/socket'
import { newKey } from '@/lib/id'
import { me, userId } from './session'

// The live state of the app and the line that feeds it.

export const live = shallowRef<LiveState>(emptyState(''))
export const link = ref<Link>('connecting')
export const retryAt = ref(0)
/** Since when the line is down; 0: it stands. */
export const downSince = ref(0)
/** Grows when everything that was loaded must be loaded anew. */
export const generation = ref(0)

type Listener = (n: News) => void
const listeners = new Set<Listener>()

/** onNews calls f for what the socket brings; the answer ends it. */
export function onNews(f: Listener): () => void {
  listeners.add(f)
  return () => listeners.delete(f)
}

export function update(f: (s: LiveState) => LiveState): void {
  live.value = f(live.value)
}

let pending: Item[] = []
let scheduled = false

// Frames that come within a frame of the screen are applied together.
function enqueue(items: Item[]): void {
  pending.push(...items)
  if (scheduled) return
  scheduled = true
  if (document.visibilityState === 'visible') requestAnimationFrame(flush)
  else setTimeout(flush, 20)
  setTimeout(flush, 250) // a page that is covered gets no frames
}

function flush(): void {
  if (!scheduled) return
  scheduled = false
  const items = pending
  pending = []
  const { state, news } = reduce(live.value, items, Date.now())
  live.value = state
  for (const n of news) for (const f of listeners) f(n)
  if (state.countsStale) staleCounts()
}

let countsTimer: ReturnType<typeof setTimeout> | undefined
function staleCounts(): void {
  countsTimer ??= setTimeout(() => {
    countsTimer = undefined
    loadCounts().catch(() => {})
  }, 1000 + Math.random() * 2000)
}

export async function loadCounts(): Promise<string> {
  const counts = await api.counts()
  update((s) => withCounts(s, counts))
  return counts.at
}

async function begin(): Promise<void> {
  const at = await loadCounts()
  update((s) => ({ ...s, at }))
}

const socket = new Socket({
  from: () => live.value.at,
  frame: enqueue,
  link(l, at) {
    link.value = l
    retryAt.value = at
    downSince.value = l === 'open' || l === 'closed' ? 0 : downSince.value || Date.now()
    // A refused handshake looks like a lost line; the session tells them apart.
    if (l === 'lost' && ++losses % 3 === 0) api.session().catch(() => {})
    if (l === 'open') losses = 0
  },
  async reload() {
    pending = []
    live.value = { ...emptyState(userId.value), health: live.value.health, alerts: live.value.alerts, agents: live.value.agents }
    await begin()
    generation.value++
  },
  signedOut: () => void api.session().catch(() => {}),
})
let losses = 0

/** goLive starts the line; it is called once signed in. */
export async function goLive(): Promise<void> {
  live.value = emptyState(userId.value)
  if (me.value) update((s) => withAgents(s, [me.value!.agent]))
  try {
    await begin()
  } catch (e) {
    if (!(e instanceof ApiError)) throw e // the line begins at "now"; lists say what is wrong
  }
  socket.start()
}

export function goDark(): void {
  socket.stop()
  live.value = emptyState('')
}

export const reconnect = () => socket.nudge()
export const sendWatch = (on: boolean) => socket.send({ t: 'watch', on })
export const sendTyping = (conversation: string, on: boolean) => socket.send({ t: 'typing', conversation, on })

setInterval(() => (live.value = withoutOldTyping(live.value, Date.now())), 2000)

/** The signed-in user as an agent. */
export const myAgent = computed<Agent | undefined>(() => live.value.agents.get(userId.value) ?? me.value?.agent)

/** Units of the user's capacity that are in use. */
export const myUsed = computed(() => Object.values(myAgent.value?.held ?? {}).reduce((x, y) => x + y, 0))

export async function setMyState(state: AgentState, more: { reason?: string; channels?: string[]; until?: number } = {}): Promise<void> {
  const a = await api.setState(state, more)
  update((s) => withAgents(s, [a]))
}

export async function openConversation(id: string, signal?: AbortSignal): Promise<void> {
  const c = await api.conversation(id, signal)
  update((s) => withConversation(s, c))
}

export async function loadEarlier(id: string): Promise<void> {
  const first = live.value.threads.get(id)?.items.find((t) => t.n)
  if (!first) return
  const page = await api.earlierTouches(id, first.n)
  update((s) => withEarlier(s, id, page.items ?? page.touches ?? [], page.earlier))
}

/** command carries an action out; a conflict brings the newest header along. */
export async function command(id: string, action: string, body: object = {}, key = newKey()): Promise<CommandAnswer> {
  try {
    const a = await api.command(id, action, body, key)
    takeAnswer(a)
    return a
  } catch (e) {
    const current = e instanceof ApiError ? (e.current as Conversation | null) : null
    if (current?.id === id) update((s) => withAnswer(s, current, undefined, s.at))
    throw e
  }
}

export function takeAnswer(a: CommandAnswer): void {
  update((s) => withAnswer(s, a.conversation, a.touch, a.event_id))
}

/** Runs f once the event of that n is recorded: only then does what is read by HTTP know it. */
export function whenRecorded(n: number, f: () => void): void {
  if (n <= live.value.recorded) return f()
  const stop = watch(() => live.value.recorded, (at) => {
    if (n > at) return
    stop()
    f()
  })
}

const asked = new Set<string>()
/** Fetches a conversation that the line told us of without its customer's name; once. */
export async function nameRow(id: string): Promise<void> {
  if (asked.has(id)) return
  asked.add(id)
  try {
    const c = await api.conversation(id)
    update((s) => withRows(s, [c.conversation]))
  } catch {
    setTimeout(() => asked.delete(id), 5000)
  }
}

/** Whether an event is not yet recorded. */
export const isPending = (n: number) => n > live.value.recorded
