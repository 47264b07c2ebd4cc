import { computed } from 'vue'
import { api, type Alert } from '@/api'
import { withHealth } from '@/live/reduce'
import { live, update } from './live'
import { may } from './session'

// What supervisors are told of accounts: their health and the alerts. Read once, then told by the line.

export const alerts = computed<readonly Alert[]>(() => (may('supervisor') ? live.value.alerts : []))
/** Those that nobody has taken notice of. */
export const openAlerts = computed(() => alerts.value.filter((a) => !a.acked_at))

export async function loadAlerts(): Promise<void> {
  if (!may('supervisor')) return
  const got = await api.alerts()
  update((s) => ({ ...s, alerts: got.alerts ?? [] }))
}

export async function loadHealth(): Promise<void> {
  const got = await api.accountsHealth()
  update((s) => withHealth(s, got.accounts ?? []))
}

export async function acknowledge(id: string): Promise<void> {
  await api.ackAlert(id)
  update((s) => ({ ...s, alerts: s.alerts.map((a) => (a.id === id ? { ...a, acked_at: a.acked_at || Date.now() } : a)) }))
}
