import { computed, shallowRef } from 'vue'
import { api, type Kind, type Me, type Role } from '@/api'
import { asLocale, locale, setLocale } from '@/i18n'

/** Who is signed in; null: nobody; undefined: not asked yet. */
export const me = shallowRef<Me | null>()
/** By which days begin in what the firm counts. */
export const firmZone = computed(() => me.value?.firm.timezone || undefined)

const ranks: Record<Role, number> = { agent: 0, supervisor: 1, admin: 2 }

/** Whether the user has the rights of a role. */
export function may(role: Role): boolean {
  return !!me.value && ranks[me.value.user.role] >= ranks[role]
}

export const userId = computed(() => me.value?.user.id ?? '')
const kinds = computed(() => new Map(me.value?.channels.map((k) => [k.name, k])))

export function kind(name: string): Kind | undefined {
  return kinds.value.get(name)
}

async function arrive(m: Me): Promise<void> {
  const wanted = asLocale(m.user.locale)
  if (m.user.locale && wanted !== locale.value) await setLocale(wanted)
  me.value = m
}

/** Asks the hub who we are; a missing session is not an error. */
export async function loadSession(): Promise<void> {
  try {
    await arrive(await api.session())
  } catch (e) {
    me.value = null
    if (!(e instanceof Error && 'status' in e && e.status === 401)) throw e
  }
}

export async function signIn(email: string, password: string): Promise<void> {
  await arrive(await api.signIn(email, password))
}

export async function setUp(x: Parameters<typeof api.setup>[0]): Promise<void> {
  await arrive(await api.setup(x))
}

export async function signOut(): Promise<void> {
  await api.signOut().catch(() => {})
  me.value = null
}
