import { createRouter, createWebHistory } from 'vue-router'
import { loadLate } from '@/lib/late'
import { loadSession, may, me } from '@/stores/session'
import type { Role } from '@/api'

declare module 'vue-router' {
  interface RouteMeta {
    open?: boolean
    role?: Role
  }
}

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: '/setup', name: 'setup', component: () => import('@/pages/Setup.vue'), meta: { open: true } },
    { path: '/sign-in', name: 'sign-in', component: () => import('@/pages/SignIn.vue'), meta: { open: true } },
    {
      path: '/',
      component: () => import('@/pages/Shell.vue'),
      children: [
        { path: '', redirect: { name: 'inbox' } },
        { path: 'inbox/:id?', name: 'inbox', component: () => import('@/pages/Inbox.vue') },
        { path: 'search', name: 'search', component: () => import('@/pages/Search.vue') },
        { path: 'customers', name: 'customers', component: () => import('@/pages/Customers.vue') },
        { path: 'customers/:id', name: 'customer', component: () => import('@/pages/Customer.vue') },
        { path: 'organisations/:id', name: 'organisation', component: () => import('@/pages/Organisation.vue') },
        { path: 'organisations', redirect: { name: 'customers', query: { view: 'organisations' } } },
        { path: 'supervisor', name: 'supervisor', component: () => import('@/pages/Supervisor.vue'), meta: { role: 'supervisor' } },
        { path: 'supervisor/channels', name: 'health', component: () => import('@/pages/Health.vue'), meta: { role: 'supervisor' } },
        { path: 'supervisor/reports', name: 'reports', component: () => import('@/pages/Reports.vue'), meta: { role: 'supervisor' } },
        { path: 'supervisor/plan', name: 'plan', component: () => import('@/pages/Plan.vue'), meta: { role: 'supervisor' } },
        { path: 'supervisor/same', name: 'suggestions', component: () => import('@/pages/Suggestions.vue'), meta: { role: 'supervisor' } },
        { path: 'supervisor/audit', name: 'audit', component: () => import('@/pages/Audit.vue'), meta: { role: 'supervisor' } },
        {
          path: 'settings',
          component: () => import('@/pages/Settings.vue'),
          children: [
            { path: '', name: 'settings', redirect: () => ({ name: may('admin') ? 'settings-accounts' : 'profile' }) },
            { path: 'profile', name: 'profile', component: () => import('@/pages/settings/Profile.vue') },
            { path: 'accounts', name: 'settings-accounts', component: () => import('@/pages/settings/Accounts.vue'), meta: { role: 'admin' } },
            { path: 'queues', name: 'settings-queues', component: () => import('@/pages/settings/Queues.vue'), meta: { role: 'supervisor' } },
            { path: 'agents', name: 'settings-users', component: () => import('@/pages/settings/Users.vue'), meta: { role: 'admin' } },
            { path: 'routing', name: 'settings-routing', component: () => import('@/pages/settings/Routing.vue'), meta: { role: 'supervisor' } },
            { path: 'skills', name: 'settings-skills', component: () => import('@/pages/settings/Skills.vue'), meta: { role: 'supervisor' } },
            { path: 'calendars', name: 'settings-calendars', component: () => import('@/pages/settings/Calendars.vue'), meta: { role: 'supervisor' } },
            { path: 'sla', name: 'settings-sla', component: () => import('@/pages/settings/Sla.vue'), meta: { role: 'supervisor' } },
            { path: 'alerts', name: 'settings-alerts', component: () => import('@/pages/settings/Alerts.vue'), meta: { role: 'supervisor' } },
            { path: 'canned', name: 'settings-canned', component: () => import('@/pages/settings/Canned.vue'), meta: { role: 'supervisor' } },
            { path: 'attributes', name: 'settings-attributes', component: () => import('@/pages/settings/Attributes.vue'), meta: { role: 'supervisor' } },
            { path: 'kinds', name: 'settings-kinds', component: () => import('@/pages/settings/Kinds.vue'), meta: { role: 'supervisor' } },
            { path: 'privacy', name: 'settings-privacy', component: () => import('@/pages/settings/Privacy.vue'), meta: { role: 'supervisor' } },
            { path: 'record', name: 'settings-record', component: () => import('@/pages/settings/Record.vue'), meta: { role: 'supervisor' } },
            { path: 'imports/:id?', name: 'imports', component: () => import('@/pages/settings/Imports.vue'), meta: { role: 'supervisor' } },
            { path: 'firm', name: 'settings-firm', component: () => import('@/pages/settings/Firm.vue'), meta: { role: 'admin' } },
            { path: 'tokens', name: 'settings-tokens', component: () => import('@/pages/settings/Tokens.vue'), meta: { role: 'admin' } },
          ],
        },
      ],
    },
    { path: '/wallboard', name: 'wallboard', component: () => import('@/pages/Wallboard.vue'), meta: { role: 'supervisor' } },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})

router.beforeEach(async (to) => {
  if (to.meta.open) return true
  if (me.value === undefined) {
    try {
      await loadSession()
    } catch {
      return { name: 'sign-in', query: { to: to.fullPath, why: 'unreachable' } }
    }
  }
  if (!me.value) return { name: 'sign-in', query: to.path === '/' ? {} : { to: to.fullPath } }
  if (to.meta.role && !may(to.meta.role)) return { name: 'inbox' }
  if (to.name !== 'inbox') await loadLate()
  return true
})

// A build that was replaced while this page was open has other file names: load anew, once.
router.onError((error, to) => {
  if (!/import|module|chunk/i.test(String(error))) return
  const key = 'tamas.reloaded'
  if (sessionStorage.getItem(key) === to.fullPath) return
  sessionStorage.setItem(key, to.fullPath)
  location.assign(to.fullPath)
})
