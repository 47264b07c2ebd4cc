import { computed, ref } from 'vue'
import type { RouteLocationRaw } from 'vue-router'
import { api, type Alert } from '@/api'
import { locale } from '@/i18n'
import { withHealth } from '@/live/reduce'
import { live, update } from './live'
import { may } from './session'

// What supervisors are told: the accounts' health, and the alerts of them and of rules. Read once, then told by the line.

export const alerts = computed<readonly Alert[]>(() => (may('supervisor') ? live.value.alerts : []))
/** Those that nobody has taken notice of. */
export const openAlerts = computed(() => alerts.value.filter((a) => !a.acked_at))

/** What an alert says, in the language of who reads it where the hub wrote it in both. */
export const alertText = (a: Alert): string => (locale.value === 'fa' && a.text_fa) || a.text
/** The direction of what it says: a Persian sentence may begin with a Latin name. */
export const alertDir = (a: Alert) => (locale.value === 'fa' && a.text_fa ? 'rtl' : 'ltr')
/** Where one sees to it. */
export function alertPlace(a: Alert): RouteLocationRaw {
  if (a.account) return { name: 'health' }
  if (a.conversation) return { name: 'inbox', params: { id: a.conversation } }
  return { name: 'supervisor', query: a.queue ? { queue: a.queue } : {} }
}

/** Whether the alerts were asked for and the answer is here, or failed: what stands below them need not move any more. */
export const alertsTold = ref(false)
export async function loadAlerts(): Promise<void> {
  if (!may('supervisor')) return
  try {
    const got = await api.alerts()
    update((s) => ({ ...s, alerts: got.alerts ?? [] }))
  } finally {
    alertsTold.value = true
  }
}

export async function loadHealth(): Promise<void> {
  const got = await api.accountsHealth()
  update((s) => withHealth(s, got.accounts ?? []))
}

export async function acknowledge(id: string): Promise<void> {
  await api.ackAlert(id)
  update((s) => ({ ...s, alerts: s.alerts.map((a) => (a.id === id ? { ...a, acked_at: a.acked_at || Date.now() } : a)) }))
}
