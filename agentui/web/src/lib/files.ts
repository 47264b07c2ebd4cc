import type { FileInfo, FileLimits } from '@/api'

// What files are, and what a channel does with them.

const byType: [RegExp, string][] = [
  [/^image\//, 'i-lucide-file-image'],
  [/^audio\//, 'i-lucide-file-music'],
  [/^video\//, 'i-lucide-file-video'],
  [/pdf|wordprocessing|msword|opendocument\.text|^text\/plain|rtf/, 'i-lucide-file-text'],
  [/spreadsheet|excel|csv/, 'i-lucide-file-spreadsheet'],
  [/presentation|powerpoint/, 'i-lucide-presentation'],
  [/zip|compressed|x-tar|x-7z|x-rar|gzip/, 'i-lucide-file-archive'],
  [/calendar/, 'i-lucide-calendar'],
  [/vcard/, 'i-lucide-contact-round'],
  [/message\/rfc822/, 'i-lucide-mail'],
  [/json|xml|html|javascript/, 'i-lucide-file-code'],
]

export function fileIcon(f: Pick<FileInfo, 'type' | 'kind'>): string {
  if (f.kind === 'voice') return 'i-lucide-mic'
  return byType.find(([p]) => p.test(f.type))?.[1] ?? 'i-lucide-file'
}

// What the hub serves inline and every browser can draw.
const drawn = /^image\/(png|jpeg|gif|webp|avif)$/

/** What a browser makes of it; all else is a card to be downloaded. */
export function showAs(f: FileInfo): 'image' | 'audio' | 'video' | 'card' {
  if (f.missing) return 'card'
  if (f.kind === 'image' && drawn.test(f.type)) return 'image'
  if (f.kind === 'audio' || f.kind === 'voice') return 'audio'
  return f.kind === 'video' ? 'video' : 'card'
}

/** The kind of a file before the hub has said it. */
export function kindOf(type: string): FileInfo['kind'] {
  const top = type.slice(0, type.indexOf('/'))
  return top === 'image' || top === 'audio' || top === 'video' ? top : 'file'
}

/** Whether what is pasted means its files. A table brings a picture of itself along with its text: then the text is meant. */
export function meansFiles(d: Pick<DataTransfer, 'files' | 'types'> | null): boolean {
  return !!d?.files.length && !(d.types.includes('text/html') && d.types.includes('text/plain'))
}

/** Why a file goes as a link; "": the channel carries it itself. */
export type Link = '' | 'none' | 'size' | 'type' | 'most'

/** carriage tells of each file how it will go, as the hub decides it (FileLimits.Carries). */
export function carriage(l: FileLimits | undefined, files: Pick<FileInfo, 'type' | 'size'>[]): Link[] {
  let carried = 0
  return files.map((f) => {
    if (!l) return 'none'
    if ((f.size ?? 0) > l.max_size) return 'size'
    if (l.types?.length && !l.types.some((t) => t === f.type || (t.endsWith('/*') && f.type.startsWith(t.slice(0, -1))))) return 'type'
    if (l.most && carried >= l.most) return 'most'
    carried++
    return ''
  })
}

/** Whether a text is too long to stand with its files: it is a message before them. */
export function beforeFiles(l: FileLimits | undefined, links: Link[], length: number): boolean {
  return !!l?.caption && links.includes('') && length > l.caption
}

/** How n pictures stand: rows of so many, each row filled. One stands by itself. */
export function album(n: number): number[] {
  if (n < 2) return n ? [1] : []
  if (n === 4) return [2, 2]
  const rows: number[] = []
  const first = n % 3
  if (first === 1) rows.push(2, 2)
  else if (first === 2) rows.push(2)
  for (let left = n - rows.reduce((a, b) => a + b, 0); left > 0; left -= 3) rows.push(3)
  return rows
}
