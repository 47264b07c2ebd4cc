import { reactive, watch } from 'vue'
import { api, ApiError, type Account, type CustomerDetail, type Identity } from '@/api'
import { nOf } from '@/live/protocol'
import { withOwner } from '@/live/reduce'
import { generation, onNews, update, whenRecorded } from './live'

// Customer records that are open, kept fresh: an identity may be stopped, unreachable, blocked or linked.

export const customers = reactive(new Map<string, CustomerDetail>())
const asking = new Map<string, Promise<CustomerDetail>>()

/** Reads a customer's record; callers at the same time share one request. */
export function loadCustomer(id: string): Promise<CustomerDetail> {
  let p = asking.get(id)
  if (!p) {
    p = api.customer(id).then((d) => {
      customers.set(id, d)
      customers.set(d.customer.id, d) // one who was merged away is who it was merged into
      update((s) => withOwner(s, d.customer, d.identities))
      return d
    }).catch((e: unknown) => {
      if (e instanceof ApiError && e.status === 404) customers.delete(id) // erased: nothing of them is shown any more
      throw e
    }).finally(() => asking.delete(id))
    asking.set(id, p)
  }
  return p
}

export function identityOf(customer: string, identity: string): Identity | undefined {
  return customers.get(customer)?.identities.find((i) => i.id === identity)
}

const again = (id: string) => void loadCustomer(id).catch(() => {})
onNews((n) => {
  if (n.kind !== 'event' || n.event.kind !== 'identity.changed') return
  const identity = n.event.identity?.id
  const held = [...customers.values()].filter((d) => d.identities.some((i) => i.id === identity) || d.customer.id === n.event.identity?.customer)
  if (held.length) whenRecorded(nOf(n.event.id), () => held.forEach((d) => again(d.customer.id)))
})
// A message says that its sender can be reached again, and may carry a stop.
onNews((n) => {
  if (n.kind !== 'event' || n.event.kind !== 'message.received') return
  const t = n.event.touch
  const held = [...customers.values()].find((d) => d.identities.some((i) => i.id === t?.identity && (i.unreachable || i.consent === 'stop')))
  if (held) whenRecorded(nOf(n.event.id), () => again(held.customer.id))
})
// Merged, parted, renamed: by anybody.
onNews((n) => {
  if (n.kind === 'settings' && n.topic === 'customers') [...customers.keys()].forEach(again)
})
watch(generation, () => customers.clear())

// Which accounts have an address that links a chat to a known customer: the hub is asked once of each.

const linking = new Map<string, Promise<boolean>>()

export function canLink(customer: string, a: Account): Promise<boolean> {
  let p = linking.get(a.id)
  if (!p) {
    p = api.startLink(customer, a.id).then(() => true, (e: unknown) => {
      if (!(e instanceof ApiError && e.status === 404)) linking.delete(a.id)
      return false
    })
    linking.set(a.id, p)
  }
  return p
}
