import { ApiError, base, understand } from './client'
import type { Uploaded } from './types'

/**
 * upload streams one file to the hub and tells how far it is, 0 to 1. (fetch cannot tell.) Errors: ApiError;
 * given up by its signal: an AbortError.
 */
export function upload(file: Blob, name: string, progress: (share: number) => void, signal: AbortSignal): Promise<Uploaded> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new DOMException('given up', 'AbortError'))
    if (signal.aborted) return gone()
    const x = new XMLHttpRequest()
    x.open('POST', `${base}/files?${new URLSearchParams({ name })}`)
    x.setRequestHeader('Accept', 'application/json')
    x.setRequestHeader('X-Tamas-CSRF', '1')
    x.setRequestHeader('Content-Type', file.type || 'application/octet-stream')
    x.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total)
    x.onload = () => {
      try {
        resolve(understand<{ file: Uploaded }>(x.status, x.responseText, x.getResponseHeader('Retry-After')).file)
      } catch (e) {
        reject(e)
      }
    }
    x.onerror = () => reject(new ApiError(0, 'unreachable', 'The server cannot be reached.'))
    x.onabort = gone
    signal.addEventListener('abort', () => x.abort(), { once: true })
    x.send(file)
  })
}
