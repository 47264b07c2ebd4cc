import { computed, ref, watchEffect } from 'vue'

export type Theme = 'system' | 'light' | 'dark'
const key = 'tamas.theme'

function stored(): Theme {
  try {
    const v = localStorage.getItem(key)
    if (v === 'light' || v === 'dark') return v
  } catch { /* storage is forbidden */ }
  return 'system'
}

export const theme = ref<Theme>(stored())
const system = matchMedia('(prefers-color-scheme: dark)')
const systemDark = ref(system.matches)
system.addEventListener('change', (e) => (systemDark.value = e.matches))

export const dark = computed(() => (theme.value === 'system' ? systemDark.value : theme.value === 'dark'))

/** Keeps the page's class in step with the choice; called once. */
export function followTheme(): void {
  watchEffect(() => {
    document.documentElement.classList.toggle('dark', dark.value)
    try {
      localStorage.setItem(key, theme.value)
    } catch { /* storage is forbidden */ }
  })
}
