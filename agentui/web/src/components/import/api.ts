import { ApiError, base, del, get, patch, post, understand, type Query } from '@/api/client'
import type { Text } from '@/api'
import type { Millis } from '@/api/types/millis'

// Files that come in and go out, by the hub's own names. Errors: ApiError.

export type Of = 'customers' | 'touches' | 'organisations'
export type State = 'new' | 'checking' | 'checked' | 'running' | 'done' | 'failed' | 'cancelled' | 'undoing' | 'undone'

export interface Format {
  kind: 'csv' | 'jsonl'
  encoding: string
  delimiter: string
  header: boolean
}
export interface Options {
  zone: string
  region: string
  dates: 'auto' | 'jalali' | 'gregorian' | 'dmy' | 'mdy'
  existing: 'fill' | 'overwrite' | 'skip'
  source: string
  kind: string
  currency: string
  inbound: boolean | null
}
export interface Left {
  customer: string
  name: string
  reason: 'used' | 'changed' | 'merged' | (string & {})
  fields?: string[]
}
export interface Warning {
  column: string
  value?: string
  message: string
  rows: number
}
export interface Import {
  id: string
  version: number
  name: string
  of: Of
  state: State
  /** Asked for, while another import is at work. */
  waiting: boolean
  size: number
  /** Bytes of the file that the present step has read. */
  read: number
  format: Format
  columns: { name: string; samples: string[] }[]
  mapping: Record<string, string>
  remembered: boolean
  options: Options
  rows: number
  estimated: boolean
  done: number
  good: number
  bad: number
  bad_kept?: number
  made: number
  updated: number
  known: number
  customers: number
  /** Rows of messages, which are not imported. */
  messages: number
  /** Rows that are taken without what warnings say. */
  warned: number
  warnings: Warning[]
  error: string
  left?: Left[]
  left_count: number
  at: Millis
  by: string
  checked_at?: Millis
  started_at?: Millis
  ended_at?: Millis
}

export interface ImportField {
  id: string
  type: string
  name: Text
  group: string
  required?: boolean
}
export interface RowError {
  /** Missing: it is the row. */
  column?: string
  reason: string
  value?: string
  /** A sentence in the language of whoever asks. */
  message: string
}
export interface PreviewRow {
  row: number
  fields: string[]
  becomes?: Record<string, unknown> | null
  status: 'made' | 'updated' | 'known' | 'bad' | 'message'
  errors?: RowError[] | null
  warnings?: RowError[] | null
}
export interface BadRow {
  row: number
  fields: string[]
  errors: RowError[]
}

const id = encodeURIComponent

export const imports = {
  list: (query: Query = {}) => get<{ items: Import[]; next?: string }>('/imports', query),
  one: (i: string) => get<Import>(`/imports/${id(i)}`),
  fields: (of: Of) => get<{ items: ImportField[] }>('/imports/fields', { of }),
  edit: (i: string, x: { version: number; format?: Partial<Format>; mapping?: Record<string, string>; options?: Partial<Options> }) => patch<Import>(`/imports/${id(i)}`, x),
  preview: (i: string) => get<{ items: PreviewRow[] }>(`/imports/${id(i)}/preview`, { rows: 10 }),
  act: (i: string, what: 'check' | 'run' | 'undo' | 'cancel') => post<Import>(`/imports/${id(i)}/${what}`),
  errors: (i: string) => get<{ items: BadRow[]; total: number }>(`/imports/${id(i)}/errors`, { limit: 20, format: 'json' }),
  forget: (i: string, version: number) => del<null>(`/imports/${id(i)}`, { version }),
  // Addresses for the browser itself.
  errorsUrl: (x: Import) => `${base}/imports/${id(x.id)}/errors.csv`, // JSON lines, where the file has them
  exportUrl: (what: 'customers' | 'touches' | 'organisations', as: 'csv' | 'jsonl') => `${base}/exports/${what}.${as}`,
}

/** sendTable streams a file to become an import and tells how far it is, 0 to 1. Given up by its signal: an AbortError. */
export function sendTable(file: File, of: Of, progress: (share: number) => void, signal: AbortSignal): Promise<Import> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest()
    x.open('POST', `${base}/imports?${new URLSearchParams({ name: file.name, of })}`)
    x.setRequestHeader('Accept', 'application/json')
    x.setRequestHeader('X-Tamas-CSRF', '1')
    x.setRequestHeader('Content-Type', 'application/octet-stream')
    x.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total)
    x.onload = () => {
      try {
        resolve(understand<Import>(x.status, x.responseText, x.getResponseHeader('Retry-After')))
      } catch (e) {
        reject(e)
      }
    }
    x.onerror = () => reject(new ApiError(0, 'unreachable', 'The server cannot be reached.'))
    x.onabort = () => reject(new DOMException('given up', 'AbortError'))
    signal.addEventListener('abort', () => x.abort(), { once: true })
    x.send(file)
  })
}

/** At work: it is asked for again and again until it is not. */
export const working = (s: State) => s === 'checking' || s === 'running' || s === 'undoing'
/** Nothing of it has been done yet, or it may go on: its settings may be changed. */
export const open = (s: State) => s === 'new' || s === 'checked' || s === 'cancelled'
