import { computed, shallowRef } from 'vue'
import { api, type Calendar, type RoutingSetting, type Setting, type SLAPolicy } from '@/api'
import { onNews } from './live'
import { users } from './directory'

// Settings that forms choose from: what holds for the whole workspace, and the calendars. Read when a form asks, and again when they change.

export const routing = shallowRef<Setting<RoutingSetting>>({ value: {}, version: 0 })
export const calendars = shallowRef<Setting<Calendar[]>>({ value: [], version: 0 })

/** Skills that are set up, and those that somebody has all the same. */
export const skillNames = computed(() => {
  const all = new Set(routing.value.value.skills ?? [])
  for (const u of users.value) for (const s of Object.keys(u.skills ?? {})) all.add(s)
  return [...all]
})
export const tiers = computed(() => routing.value.value.tiers ?? [])

let asked = false
export async function loadRouting(): Promise<void> {
  asked = true
  await readRouting().catch(() => {})
}
export async function readRouting(): Promise<void> {
  const got = await api.setting<RoutingSetting | null>('routing')
  routing.value = { value: got.value ?? {}, version: got.version }
}
export async function readCalendars(): Promise<void> {
  const got = await api.setting<Calendar[] | null>('calendars')
  calendars.value = { value: got.value ?? [], version: got.version }
}
/** The promises that are set up, for their names. */
export const policies = shallowRef<SLAPolicy[]>([])
export async function readPolicies(): Promise<void> {
  policies.value = (await api.setting<SLAPolicy[] | null>('sla')).value ?? []
}
export async function saveRouting(value: RoutingSetting): Promise<void> {
  const got = await api.putSetting('routing', { value, version: routing.value.version })
  routing.value = { value: got.value ?? value, version: got.version }
}

onNews((n) => {
  if (n.kind === 'settings' && asked && n.topic.startsWith('routing')) void readRouting().catch(() => {})
})
