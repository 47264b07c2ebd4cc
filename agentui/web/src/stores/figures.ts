import { computed, onBeforeUnmount, onMounted, ref, watch } from 'vue'
import { api, type Agent, type AgentView } from '@/api'
import { withAgents } from '@/live/reduce'
import { generation, link, live, sendWatch, update } from './live'

// What supervisors watch: the hub pushes it every two seconds while a page that shows it is open.

export const figures = computed(() => live.value.figures)
/** Queues and agents, each agent as the line told last: events are faster than figures. */
export const watchedQueues = computed(() => figures.value?.queues ?? [])
export type WatchedAgent = AgentView
let last = new Map<string, { from: AgentView; agent: Agent; is: WatchedAgent }>()
export const watchedAgents = computed<WatchedAgent[]>(() => {
  const next: typeof last = new Map()
  for (const from of figures.value?.agents ?? []) {
    const told = live.value.agents.get(from.user.id)
    const agent = told && told.version > from.agent.version ? told : from.agent
    const old = last.get(from.user.id)
    // One that is as it was stays the same object, so that only rows that changed are drawn.
    next.set(from.user.id, old?.from === from && old.agent === agent ? old : { from, agent, is: { ...from, agent, used: Object.values(agent.held ?? {}).reduce((x, y) => x + y, 0) } })
  }
  last = next
  return [...next.values()].map((x) => x.is)
})

let watching = 0

/** useFigures asks for figures while the component is there; failed is why there are none yet. */
export function useFigures() {
  const failed = ref<unknown>(null)
  async function load() {
    try {
      const { at: _, ...first } = await api.supervisor()
      failed.value = null
      // What the line has brought meanwhile is newer.
      update((s) => withAgents(s.figures ? s : { ...s, figures: first }, first.agents.map((a) => a.agent)))
    } catch (e) {
      failed.value = e
    }
  }
  const ask = () => link.value === 'open' && sendWatch(true)
  watch(link, ask)
  watch(generation, load)
  onMounted(() => {
    watching++
    ask()
    void load()
  })
  onBeforeUnmount(() => {
    if (--watching) return
    sendWatch(false)
    update((s) => ({ ...s, figures: null }))
  })
  return { failed, load }
}
