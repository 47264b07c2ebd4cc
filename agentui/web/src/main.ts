import { createApp } from 'vue'
import { _api, addIcon } from '@iconify/vue'
import { init as initIcons } from 'virtual:nuxt-ui-icons'
import App from './App.vue'
import { onSignedOut } from './api'
import { firstLocale, setLocale } from './i18n'
import { router } from './router'
import { me } from './stores/session'
import { followTheme } from './stores/theme'
import './style.css'

// Icons are in the build; one that is missing stays empty rather than being asked for elsewhere.
_api.setFetch(() => Promise.reject(new Error('icons are part of the build')))
initIcons((name, data) => addIcon(name, data))

onSignedOut(() => {
  const was = !!me.value
  me.value = null
  const at = router.currentRoute.value
  if (!at.meta.open) void router.replace({ name: 'sign-in', query: { to: at.fullPath, ...(was ? { why: 'ended' } : {}) } })
})

followTheme()
await setLocale(firstLocale())
createApp(App).use(router).mount('#app')
