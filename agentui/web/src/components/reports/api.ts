import { del, get, post, type Query } from '@/api/client'
import type { Unit } from '@/lib/figureText'

export interface Figure {
  id: string
  name_en: string
  name_fa: string
  unit: Unit
  definition_en: string
  definition_fa: string
  by: string[]
  clocks: string[]
  percentiles: boolean
}

export interface Row {
  key: string
  count: number
  of?: number
  value: number | null
  mean?: number | null
  p50?: number | null
  p90?: number | null
  p95?: number | null
  max?: number | null
}

export interface Report {
  figure: string
  clock: string
  rows: Row[]
  total: Row
  until: number
  behind: number
  days: number
}

export interface Item {
  kind: string
  conversation?: string
  number?: number
  touch?: string
  customer_name?: string
  queue?: string
  agent?: string
  channel?: string
  reason?: string
  at: number
  value: number
  ok: boolean
}

export interface Staffing {
  slots: { slot: number; volume: number; agents: number; level: number; asa_ms: number; occupancy: number; abandoned: number }[]
  weeks_used: number
  aht_ms: number
  aht_source: 'measured' | 'given' | 'assumed'
  contacts: number
}

export interface SimResult {
  name: string
  arrived: number
  answered: number
  abandoned: number
  left_behind: number
  service_level: number | null
  asa_ms: number
  wait_p90_ms: number
  wait_max_ms: number
  occupancy: number | null
  by_queue: { queue: string; arrived: number; answered: number; abandoned: number; in_target: number; asa_ms: number }[] | null
  by_half_hour: { at: number; arrived: number; answered: number; in_target: number; waiting: number }[] | null
}

export interface Simulation {
  id: string
  progress: number
  done: boolean
  error?: string
  results: SimResult[]
  /** Of recorded traffic: how agents are taken to be. attended 0: there all the time. */
  people?: { attended: number; declined: number; ignored: number }
}

const id = encodeURIComponent
const paramsOf = (query: Query) => new URLSearchParams(Object.entries(query).flatMap(([k, v]) => (v === undefined || v === '' ? [] : [[k, String(v)]]))).toString()

export const plan = {
  figures: () => get<{ figures: Figure[] }>('/reports'),
  report: (figure: string, query: Query, signal?: AbortSignal) => get<Report>(`/reports/${id(figure)}`, query, signal),
  /** An empty key is the row of what has none; no key is the total. */
  items: (figure: string, query: Query) => get<{ items: Item[]; next?: string }>(`/reports/${id(figure)}/touches?${paramsOf(query)}${query.key === '' ? '&key=' : ''}`),
  csvUrl: (figure: string, query: Query) => `/api/v1/reports/${id(figure)}.csv?${paramsOf(query)}`,
  staffing: (query: Query, signal?: AbortSignal) => get<Staffing>('/staffing', query, signal),
  simulate: (x: object) => post<Simulation>('/simulations', x),
  simulation: (s: string) => get<Simulation>(`/simulations/${id(s)}`),
  stop: (s: string) => del<null>(`/simulations/${id(s)}`),
}
