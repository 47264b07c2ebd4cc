// What the hub and the visitor's page say to each other; see protocol.go.

/** A file of a message; see file in protocol.go. */
export interface FileView {
  id: string
  name: string
  type: string
  kind: string
  size: number
  width?: number
  height?: number
  missing?: string
}

/** One thing that the hub shows to the visitor; see item in protocol.go. */
export interface Item {
  id?: string
  kind: string
  from: string
  name?: string
  text?: string
  at?: number
  key?: string
  on?: boolean
  files?: FileView[]
  reply_to?: string
  of?: string
  state?: string
  edited?: boolean
  deleted?: boolean
}

/** Where the visitor stands; see standing in protocol.go. */
export interface Standing {
  status?: string
  position?: number
  wait?: number
  agent?: string
  staffed?: boolean
  over?: boolean
  mail?: boolean
  later?: string
  later_on?: string
  open: boolean
  next?: number
}

/** A message of the visitor's that is not in the hub's history yet. */
export interface Out {
  key: string
  text: string
  at: number
  files?: FileView[]
  file?: File // to be uploaded; lasts as long as the page
  done?: number // how much of it is, 0 to 1
  sent?: boolean // recorded; its item is under way
  failed?: boolean // several tries failed; more follow
  bad?: string // it can never be sent: why
}

/** A frame of the hub's; see serverFrame in protocol.go. */
export interface Frame {
  t: string
  items?: Item[]
  standing?: Standing
  stood?: string // names a poll's standing
  key?: string
  code?: string
  retry?: boolean
  wait?: number
}

/** What became of a message that was sent. */
export interface Answer {
  ok?: boolean
  retry?: boolean
  code?: string
  wait?: number
}

/** Folds what came into the items that are there, each once: changes go onto what they change. Returns agents' new messages. */
export function fold(items: Item[], news: Item[]): Item[] {
  const fresh: Item[] = []
  for (const i of news) {
    const target = items.find(x => x.id === i.of)
    if (i.kind === 'edit') {
      if (target && !target.deleted) Object.assign(target, { text: i.text, edited: true })
    } else if (i.kind === 'deletion') {
      if (target) Object.assign(target, { text: '', files: undefined, deleted: true })
    } else if (i.kind === 'message' && !items.some(x => x.id === i.id)) {
      items.push(i)
      if (i.from !== 'customer') fresh.push(i)
    }
  }
  return fresh
}

/** Reads a status: what is our fault stays our fault. */
export function refusal(status: number, wait: string | null): Answer {
  if (status === 413) return { code: 'too_long' }
  return { retry: ![403, 411, 422].includes(status), wait: 1000 * Number(wait) }
}
