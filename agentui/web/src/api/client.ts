/**
 * One request to the hub. Everything that goes wrong is an ApiError: the hub's own refusals carry their
 * code, sentence and field; no answer at all is code "unreachable" (status 0).
 */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field = '',
    readonly requestId = '',
    /** On a conflict: the row, or the conversation's header, as it stands now. */
    readonly current: unknown = null,
    /** Seconds that a 429 or 503 asks us to wait; 0: unsaid. */
    readonly retryAfter = 0,
  ) {
    super(message)
    this.name = 'ApiError'
  }

  /** The same call may succeed later, unchanged. */
  get temporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504
  }
}

export type Query = Record<string, string | number | boolean | undefined>

export interface Options {
  query?: Query
  /** The client's message id: the hub carries a command out once for a key. */
  key?: string
  signal?: AbortSignal
}

export const base = '/api/v1'
let signedOut: () => void = () => {}

/** onSignedOut sets what happens when the session has ended. */
export function onSignedOut(f: () => void): void {
  signedOut = f
}

export async function request<T>(method: string, path: string, body?: unknown, o: Options = {}): Promise<T> {
  const query = new URLSearchParams()
  for (const [k, v] of Object.entries(o.query ?? {})) {
    if (v !== undefined && v !== '') query.set(k, String(v))
  }
  const headers: Record<string, string> = { Accept: 'application/json' }
  if (method !== 'GET') headers['X-Tamas-CSRF'] = '1'
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (o.key) headers['Idempotency-Key'] = o.key

  let answer: Response
  let text: string
  try {
    answer = await fetch(base + path + (query.size ? `?${query}` : ''), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      signal: o.signal,
    })
    text = await answer.text()
  } catch (cause) {
    if (o.signal?.aborted) throw cause
    throw new ApiError(0, 'unreachable', 'The server cannot be reached.')
  }

  return understand<T>(answer.status, text, answer.headers.get('Retry-After'))
}

/** understand reads an answer of the hub: its data, or an ApiError that is thrown. */
export function understand<T>(status: number, text: string, retryAfter: string | null): T {
  const ok = status >= 200 && status < 300
  let data: unknown = null
  try {
    data = text ? JSON.parse(text) : null
  } catch {
    if (ok) throw new ApiError(status, 'internal', 'The server answered with something unreadable.')
  }
  if (ok) return data as T

  const e = (data as { error?: { code?: string; message?: string; field?: string; request_id?: string; current?: unknown } } | null)?.error
  const error = new ApiError(
    status,
    e?.code ?? (status >= 502 && status <= 504 ? 'unreachable' : status === 413 ? 'too_large' : 'internal'),
    e?.message ?? `The server answered ${status}.`,
    e?.field,
    e?.request_id,
    e?.current ?? null,
    Number(retryAfter) || 0,
  )
  if (error.code === 'signed_out') signedOut()
  throw error
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>('GET', path, undefined, { query, signal })
export const post = <T>(path: string, body: unknown = {}, o?: Options) => request<T>('POST', path, body, o)
export const put = <T>(path: string, body: unknown = {}) => request<T>('PUT', path, body)
export const patch = <T>(path: string, body: unknown = {}) => request<T>('PATCH', path, body)
export const del = <T>(path: string, query?: Query) => request<T>('DELETE', path, undefined, { query })
