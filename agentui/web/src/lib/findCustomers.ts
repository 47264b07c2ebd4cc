import { api } from '@/api'
import { rec } from '@/components/customer/api'
import { channelsIcon } from './touchWords'
import { nameOf, plainAddress } from './names'

/** Customers by name or address, as choices; without those who are named. */
export async function findCustomers(q: string, without: readonly string[] = []) {
  const got = (await api.search(q)).customers
  return got.filter((c) => !without.includes(c.id)).slice(0, 8).map((c) => ({ id: c.id, label: nameOf(c), hint: c.name ? plainAddress(c.channel, c.address) : '', icon: channelsIcon(c.channel) }))
}

export async function findOrganisations(q: string, without: readonly string[] = []) {
  return (await rec.organisations({ q, limit: 8 })).items.filter((o) => !without.includes(o.id)).map((o) => ({ id: o.id, label: o.name, hint: o.place?.city ?? '', icon: 'i-lucide-building-2' }))
}
