// The hub's calls, one line each. Errors: ApiError.
import { del, get, patch, post, put } from './client'
import type * as T from './types'

export { ApiError, onSignedOut } from './client'
export { upload } from './upload'
export type * from './types'

const id = encodeURIComponent
type Items<R> = { items: R[] }

export const api = {
  setupNeeded: () => get<{ needed: boolean }>('/setup'),
  setup: (x: { token: string; name: string; email: string; password: string; locale: string; firm: string; timezone: string }) => post<T.Me>('/setup', x),

  session: () => get<T.Me>('/session'),
  signIn: (email: string, password: string) => post<T.Me>('/session', { email, password }),
  signOut: () => del<null>('/session'),
  sessions: () => get<Items<T.SessionView>>('/sessions'),
  endSession: (s: string) => del<null>(`/sessions/${id(s)}`),
  updateMe: (x: Partial<Pick<T.User, 'name' | 'public_name' | 'locale' | 'signature'>> & { password?: string; old_password?: string }) => patch<T.User | T.Me>('/me', x),
  setState: (state: T.AgentState, more: { reason?: string; channels?: string[]; until?: number } = {}) => put<T.Agent>('/me/state', { state, ...more }),

  counts: () => get<T.Counts>('/counts'),
  conversations: (query: Record<string, string | number | undefined>, signal?: AbortSignal) => get<T.ConversationPage>('/conversations', query, signal),
  conversation: (c: string, signal?: AbortSignal) => get<T.ConversationDetail>(`/conversations/${id(c)}`, undefined, signal),
  earlierTouches: (c: string, before: number) => get<{ items?: T.Touch[]; touches?: T.Touch[]; earlier: boolean }>(`/conversations/${id(c)}/touches`, { before, limit: 50 }),
  why: (c: string) => get<{ waiting?: T.Explanation | null; decisions?: T.Event[] | null }>(`/conversations/${id(c)}/why`),
  pull: () => get<Items<T.ConversationView> & { at: string }>('/pull'),
  command: (c: string, action: string, body: object = {}, key?: string) => post<T.CommandAnswer>(`/conversations/${id(c)}/${action}`, body, { key }),
  typing: (c: string, on: boolean) => post<null>(`/conversations/${id(c)}/typing`, { on }),
  retry: (touch: string, key: string) => post<T.CommandAnswer>(`/touches/${id(touch)}/retry`, {}, { key }),
  editTouch: (touch: string, text: string, key: string) => post<T.CommandAnswer>(`/touches/${id(touch)}/edit`, { text }, { key }),
  recipients: (c: string, signal?: AbortSignal) => get<T.Recipients>(`/conversations/${id(c)}/recipients`, undefined, signal),
  begin: (x: { account: string; address: string; name?: string; subject?: string; text: string; files?: string[] }, key: string) => post<T.CommandAnswer>('/conversations', x, { key }),

  // Addresses for the browser itself.
  rawUrl: (touch: string) => `/api/v1/touches/${id(touch)}/raw`,
  fileUrl: (touch: string, n: number, how?: 'thumb' | 'download') => `/api/v1/files/${id(touch)}/${n}${how ? `?${how}=1` : ''}`,
  htmlUrl: (touch: string, o: { images: boolean; quotes: boolean }) => `/api/v1/touches/${id(touch)}/html?quotes=${o.quotes ? 1 : 0}${o.images ? '&images=1' : ''}`,

  customers: (q: string) => get<Items<T.Customer>>('/customers', { q }),
  customer: (c: string, signal?: AbortSignal) => get<T.CustomerDetail>(`/customers/${id(c)}`, undefined, signal),
  timeline: (c: string, before?: string | number, limit = 40) => get<Items<T.RecordTouch> & { next?: string | number }>(`/customers/${id(c)}/touches`, { before, limit }),
  customerHistory: (c: string) => get<T.CustomerHistory>(`/customers/${id(c)}/history`),
  mergePreview: (into: string, from: string) => get<T.MergePreview>(`/customers/${id(into)}/merge`, { from }),
  merge: (into: string, x: { from: string; reason?: string; seen: string }) => post<{ merge: T.Merge; into: T.Customer }>(`/customers/${id(into)}/merge`, x),
  unmergePreview: (m: string) => get<T.UnmergePreview>(`/merges/${id(m)}`),
  unmerge: (m: string, x: { move: string[]; seen: string }) => post<{ merge: T.Merge; from: T.Customer; into: T.Customer }>(`/merges/${id(m)}/undo`, x),
  splitCustomer: (c: string, x: { identities: string[]; name?: string; evidence?: string }) => post<{ link: T.Link; customer: T.Customer }>(`/customers/${id(c)}/split`, x),
  undoLink: (l: string) => post<Items<T.Identity>>(`/links/${id(l)}/undo`, {}),
  suggestions: (customer: string) => get<Items<T.Suggestion>>('/suggestions', { customer }),
  dismissSuggestion: (s: string) => post<void>(`/suggestions/${id(s)}/dismiss`, {}),
  renameCustomer: (c: string, name: string) => patch<T.Customer>(`/customers/${id(c)}`, { name }),
  block: (identity: string, on: boolean) => post<unknown>(`/identities/${id(identity)}/block`, { on }),
  startLink: (c: string, account: string) => post<{ url: string }>(`/customers/${id(c)}/start-link`, { account }),
  search: (q: string, signal?: AbortSignal) => get<T.SearchAnswer>('/search', { q, limit: 20 }, signal),

  agents: () => get<Items<T.Agent>>('/agents'),
  setAgentState: (a: string, state: T.AgentState, reason = '') => put<T.Agent>(`/agents/${id(a)}/state`, { state, reason }),
  signAgentOut: (a: string) => post<unknown>(`/agents/${id(a)}/sign-out`),
  supervisor: () => get<T.SupervisorView>('/supervisor'),
  closeQueue: (q: string, closed: boolean, text?: string) => post<unknown>(`/queues/${id(q)}/close`, { closed, text }),
  audit: (query: Record<string, string | number | undefined>) => get<Items<T.AuditItem> & { more: boolean }>('/audit', query),

  setting: <V>(name: 'routing' | 'calendars' | 'sla' | 'alerts') => get<T.Setting<V>>(`/settings/${name}`),
  putSetting: <V>(name: 'routing' | 'calendars' | 'sla' | 'alerts', x: T.Setting<V> & { running?: boolean }) => put<T.Setting<V> & { secrets?: Record<string, string> }>(`/settings/${name}`, x),
  previewCalendar: (calendar: T.Calendar, from: number, days: number) => post<{ days: T.CalendarDay[] }>('/settings/calendars/preview', { calendar, from, days }),
  testAlert: (rule: string) => post<{ results: { to: string; ok: boolean; error?: string }[] }>(`/settings/alerts/${id(rule)}/test`),
  setTier: (c: string, tier: string) => patch<T.Customer>(`/customers/${id(c)}`, { tier }),

  queues: () => get<Items<T.Queue>>('/queues'),
  createQueue: (x: Partial<T.Queue>) => post<T.Queue>('/queues', x),
  updateQueue: (q: string, x: Partial<T.Queue>) => patch<T.Queue>(`/queues/${id(q)}`, x),
  deleteQueue: (q: string, version: number) => del<null>(`/queues/${id(q)}`, { version }),

  users: () => get<Items<T.User>>('/users'),
  createUser: (x: Partial<T.User> & { password: string }) => post<T.User>('/users', x),
  updateUser: (u: string, x: Partial<T.User> & { password?: string }) => patch<T.User>(`/users/${id(u)}`, x),

  canned: () => get<Items<T.Canned>>('/canned'),
  createCanned: (x: Partial<T.Canned>) => post<T.Canned>('/canned', x),
  updateCanned: (c: string, x: Partial<T.Canned>) => patch<T.Canned>(`/canned/${id(c)}`, x),
  deleteCanned: (c: string, version: number) => del<null>(`/canned/${id(c)}`, { version }),

  accounts: () => get<Items<T.Account>>('/accounts'),
  createAccount: (x: Partial<T.Account>) => post<T.Account>('/accounts', x),
  updateAccount: (a: string, x: Partial<T.Account>) => patch<T.Account>(`/accounts/${id(a)}`, x),
  deleteAccount: (a: string, version: number) => del<null>(`/accounts/${id(a)}`, { version }),
  checkAccount: (x: { id?: string; kind: string; settings: Record<string, unknown> }) => post<{ ok: boolean; detail: string }>('/accounts/check', x),
  testAccount: (a: string, address: string) => post<{ ok?: boolean; detail?: string } | null>(`/accounts/${id(a)}/test`, { address }),
  accountsHealth: () => get<{ accounts: T.HealthOf[] }>('/accounts/health'),
  reconnect: (a: string) => post<null>(`/accounts/${id(a)}/reconnect`),
  alerts: () => get<{ alerts: T.Alert[] }>('/alerts'),
  ackAlert: (a: string) => post<null>(`/alerts/${id(a)}/ack`),

  firm: () => get<T.Firm>('/firm'),
  updateFirm: (x: Partial<T.Firm>) => patch<T.Firm>('/firm', x),
  tokens: () => get<Items<T.TokenView>>('/tokens'),
  createToken: (name: string) => post<T.TokenView>('/tokens', { name }),
  deleteToken: (t: string) => del<null>(`/tokens/${id(t)}`),
}
