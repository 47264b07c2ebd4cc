import { reactive } from 'vue'
import { ApiError, upload, type Uploaded } from '@/api'
import { bytes, t } from '@/i18n'
import { kindOf } from '@/lib/files'
import { newKey } from '@/lib/id'
import { problem } from '@/lib/problem'
import { me } from './session'

/**
 * Files that are being uploaded to go with a message, by draft (a conversation's id, or a name of one's own).
 * They live beside the pages: an upload goes on while another conversation is open.
 */
export interface Attachment {
  key: string
  name: string
  type: string
  kind: Uploaded['kind']
  size: number
  state: 'waiting' | 'uploading' | 'done' | 'failed'
  /** 0 to 1. */
  progress: number
  error: string
  /** A picture of it while this page lives: blob:… */
  preview: string
  /** Once it is there. */
  file?: Uploaded
  /** Until when it can be sent. */
  until: number
}

const atOnce = 2
/** The hub takes what was uploaded for a day; an hour is left for the message to go out. */
const lasts = 23 * 3_600_000

export const attachments = reactive(new Map<string, Attachment[]>())
const contents = new Map<string, File>()
const stops = new Map<string, AbortController>()

export const attached = (draft: string): Attachment[] => attachments.get(draft) ?? []

export function attach(draft: string, files: Iterable<File>): void {
  const list = [...attached(draft)]
  for (const f of files) {
    const key = newKey()
    const kind = kindOf(f.type)
    const most = me.value?.max_file ?? 0
    const large = most > 0 && f.size > most
    if (!large) contents.set(key, f)
    list.push({ key, name: f.name || t('file.pasted'), type: f.type, kind, size: f.size, state: large ? 'failed' : 'waiting', progress: 0, error: large ? tooLarge() : '', preview: kind === 'image' ? URL.createObjectURL(f) : '', until: 0 })
  }
  attachments.set(draft, list)
  pump()
}

function tooLarge(): string {
  const most = me.value?.max_file
  // The hub counts in MiB, and calls them MB.
  return most ? t('file.tooLarge.than', { size: bytes(Math.floor(most / 2 ** 20) * 1e6 || most) }) : t('file.tooLarge')
}

/** Whether it can be tried again: what is larger than the hub takes is not even held. */
export const againable = (a: Attachment): boolean => a.state === 'failed' && contents.has(a.key)

/** Takes one away, whatever it is doing. */
export function detach(draft: string, key: string): void {
  const gone = attached(draft).find((a) => a.key === key)
  if (gone?.preview) URL.revokeObjectURL(gone.preview)
  stops.get(key)?.abort()
  contents.delete(key)
  set(draft, attached(draft).filter((a) => a.key !== key))
}

/** Gives an upload up; it can be begun again. */
export function cancelUpload(key: string): void {
  stops.get(key)?.abort()
}

export function uploadAgain(draft: string, key: string): void {
  const a = attached(draft).find((x) => x.key === key)
  if (!a || !contents.has(key)) return
  Object.assign(a, { state: 'waiting', error: '', progress: 0 })
  pump()
}

/** What the draft holds, uploaded; the draft has none of it afterwards. Previews stay for who shows the message. */
export function takeAttached(draft: string): Attachment[] {
  const list = attached(draft).filter((a) => a.file)
  for (const a of attached(draft)) contents.delete(a.key)
  set(draft, [])
  return list
}

/** Puts files back that were uploaded before; what cannot be sent any more is left out. */
export function restoreAttached(draft: string, files: (Uploaded & { until: number })[], now = Date.now()): void {
  const held = new Set(attached(draft).map((a) => a.file?.id))
  const back = files.filter((f) => f.until > now && !held.has(f.id)).map((f): Attachment => {
    const { until, ...file } = f
    return { key: newKey(), name: f.name, type: f.type, kind: f.kind, size: f.size ?? 0, state: 'done', progress: 1, error: '', preview: '', file, until }
  })
  if (back.length) set(draft, [...attached(draft), ...back])
}

export const keptOf = (list: Attachment[]): (Uploaded & { until: number })[] => list.flatMap((a) => (a.file ? [{ ...a.file, until: a.until }] : []))

function set(draft: string, list: Attachment[]): void {
  if (list.length) attachments.set(draft, list)
  else attachments.delete(draft)
}

function pump(): void {
  const all = [...attachments.values()].flat()
  let running = all.filter((a) => a.state === 'uploading').length
  for (const a of all) {
    if (running >= atOnce) return
    if (a.state !== 'waiting' || !contents.has(a.key)) continue
    running++
    void run(a)
  }
}

async function run(a: Attachment): Promise<void> {
  const stop = new AbortController()
  stops.set(a.key, stop)
  a.state = 'uploading'
  try {
    const file = await upload(contents.get(a.key)!, a.name, (share) => (a.progress = share), stop.signal)
    Object.assign(a, { state: 'done', progress: 1, file, name: file.name, type: file.type, kind: file.kind, until: Date.now() + lasts })
    contents.delete(a.key)
  } catch (e) {
    a.state = 'failed'
    a.error = stop.signal.aborted ? t('file.stopped') : e instanceof ApiError && e.code === 'too_large' ? tooLarge() : problem(e)
  } finally {
    stops.delete(a.key)
    pump()
  }
}
