import { del, get, patch, post, put, type Query } from '@/api/client'
import type * as T from '@/api'
import { loadCustomer } from '@/stores/customers'

// The record's calls, which a first visit does without.

const id = encodeURIComponent
type Items<R> = { items: R[]; next?: string | number }

/** Whose touches: a customer's, or those of all members of an organisation. */
export type Whose = { customer: string } | { organisation: string }
const path = (w: Whose) => ('customer' in w ? `/customers/${id(w.customer)}` : `/organisations/${id(w.organisation)}`)

export const rec = {
  customers: (query: Query, signal?: AbortSignal) => get<Items<T.Customer & { address?: string; channel?: string }>>('/customers', query, signal),
  create: (x: { name: string; identities: { channel: string; address: string }[] }) => post<T.Customer>('/customers', x),
  customer: (c: string) => get<T.CustomerDetail>(`/customers/${id(c)}`),
  addIdentity: (c: string, x: { channel: string; address: string; evidence?: string }) => post<T.Identity>(`/customers/${id(c)}/identities`, x),
  editConversation: (c: string, attributes: Record<string, unknown>) => post<{ attributes: Record<string, unknown> }>(`/conversations/${id(c)}/attributes`, { attributes }),
  edit: (c: string, x: object) => patch<T.Customer>(`/customers/${id(c)}`, x),
  touches: (w: Whose, query: Query, signal?: AbortSignal) => get<Items<T.RecordTouch>>(`${path(w)}/touches`, query, signal),
  summary: (w: Whose, calendar: string) => get<T.Summary>(`${path(w)}/summary`, { calendar }),
  consents: (c: string) => get<Items<T.Consent>>(`/customers/${id(c)}/consents`),
  consent: (c: string, x: { channel: string; purpose: string; state: string; evidence?: string }) => put<unknown>(`/customers/${id(c)}/consents`, x),
  relate: (c: string, x: { other: string; kind: string; text?: string }) => post<T.Relation>(`/customers/${id(c)}/relations`, x),
  unrelate: (r: string) => del<null>(`/relations/${id(r)}`),
  around: (c: string) => get<T.Around>(`/customers/${id(c)}/map`),
  access: (c: string) => get<Items<T.Access>>(`/customers/${id(c)}/access`),
  pin: (touch: string, on: boolean) => (on ? post<unknown>(`/touches/${id(touch)}/pin`) : del<unknown>(`/touches/${id(touch)}/pin`)),
  log: (e: T.Entry) => post<T.Logged & { items?: T.Logged[] }>('/touches', e),

  organisations: (query: Query, signal?: AbortSignal) => get<Items<T.Organisation>>('/organisations', query, signal),
  createOrganisation: (x: { name: string }) => post<T.Organisation>('/organisations', x),
  organisation: (o: string) => get<T.OrganisationRecord>(`/organisations/${id(o)}`),
  editOrganisation: (o: string, x: object) => patch<T.Organisation>(`/organisations/${id(o)}`, x),
  deleteOrganisation: (o: string, version?: number) => del<null>(`/organisations/${id(o)}`, { version }),
  join: (o: string, c: string, x: { role?: string; since?: number; until?: number }) => put<unknown>(`/organisations/${id(o)}/members/${id(c)}`, x),
  leave: (o: string, c: string) => del<null>(`/organisations/${id(o)}/members/${id(c)}`),

  attributes: () => get<T.Setting<T.Attribute[]>>('/settings/attributes'),
  kinds: () => get<Items<T.TouchKind>>('/kinds'),
  settings: () => get<T.Setting<T.RecordSettings>>('/settings/record'),
}

/** Changes a customer that is still as it was read, or fails with a conflict; either way the newest comes along. */
export const editCustomer = (c: T.Customer, x: object) => rec.edit(c.id, { ...x, version: c.version }).finally(() => loadCustomer(c.id))
