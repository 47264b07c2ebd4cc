import { ref } from 'vue'

/** Now, in ms; ticks each second while the page is seen. Spans that are shown follow it. */
export const now = ref(Date.now())

setInterval(() => {
  if (document.visibilityState === 'visible') now.value = Date.now()
}, 1000)
document.addEventListener('visibilitychange', () => (now.value = Date.now()))
