import { computed, onBeforeUnmount, onMounted, ref, watch } from 'vue'
import { api } from '@/api'
import { withAgents } from '@/live/reduce'
import { generation, link, live, sendWatch, update } from './live'

// What supervisors watch: the hub pushes it every two seconds while a page that shows it is open.

export const figures = computed(() => live.value.figures)
/** Queues and agents, each agent as the line told last: events are faster than figures. */
export const watchedQueues = computed(() => figures.value?.queues ?? [])
export const watchedAgents = computed(() => (figures.value?.agents ?? []).map((a) => {
  const told = live.value.agents.get(a.user.id)
  const agent = told && told.version > a.agent.version ? told : a.agent
  return { ...a, agent, used: Object.values(agent.held ?? {}).reduce((x, y) => x + y, 0) }
}))
export type WatchedAgent = (typeof watchedAgents.value)[number]

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
