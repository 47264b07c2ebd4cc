import type { Customer, Identity, Known } from '@/api'
import { t, type Key } from '@/i18n'
import { nameOf } from './names'

// Who a customer is, of what the hub tells of them.

/** A customer's addresses, without what stands for the customer itself, to which touches logged by its id belong. */
export const addressesOf = <I extends Pick<Identity, 'channel'>>(identities: readonly I[]): I[] => identities.filter((i) => i.channel !== 'customer')

/** What to call a customer: the name, else the first address; of who was erased, that. */
export function customerName(c: Pick<Customer, 'name' | 'erased_at'>, identities: readonly Pick<Identity, 'channel' | 'address'>[] = []): string {
  if (c.erased_at) return t('customer.erased')
  const first = addressesOf(identities)[0]
  return nameOf({ name: c.name, address: first?.address ?? '', channel: first?.channel ?? '' })
}

/** Since when a customer is known: the first touch, which may have been told later than the record began. */
export const knownSince = (c: Pick<Customer, 'created_at'>, k: Known): number => Math.min(c.created_at, k.first_touch || c.created_at)

/** The channel that what is typed is most likely an address of; '': it could be any. */
export const channelOf = (text: string): 'email' | 'phone' | '' => (text.includes('@') && !/^\s*@/.test(text) ? 'email' : /^[\s+()\-–.0-9۰-۹٠-٩]{5,}$/.test(text) ? 'phone' : '')

/** What is wrong with an address that the hub does not take. */
export const wrongAddress = (channel: string): Key => (channel === 'phone' ? 'identity.wrong.phone' : channel === 'email' ? 'identity.wrong.email' : 'identity.wrong.other')
