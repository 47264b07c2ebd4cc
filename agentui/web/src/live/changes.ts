import type { Touch } from '@/api/types'

/**
 * A message as it stands: edits and deletions are touches of their own, in order, and are folded onto the
 * message that they are about.
 */
export interface Shown {
  touch: Touch
  /** What it says now: the newest edit that was not refused, else the message itself. */
  text: string
  /** Whose files it has now. */
  files: Touch
  /** All edits, oldest first. */
  edits: Touch[]
  /** The newest edit, when it could not be sent: the customer still sees the text before it. */
  failed?: Touch
  /** Its state is the newest edit's until that is sent. */
  state: Touch
  deletion?: Touch
}

/**
 * foldChanges gives the messages in order, and each by its own id and those of its changes. A change whose
 * message is not held stays a line of its own, so that nothing is hidden.
 */
export function foldChanges(items: readonly Touch[]): { list: Shown[]; of: ReadonlyMap<string, Shown> } {
  const out: Shown[] = []
  const at = new Map<string, Shown>()
  for (const t of items) {
    const about = t.of && (t.kind === 'edit' || t.kind === 'deletion') ? at.get(t.of) : undefined
    if (about) {
      at.set(t.id, about) // an answer or a change may name the edit
      if (t.kind === 'deletion') about.deletion = t
      else change(about, t)
      continue
    }
    const shown: Shown = { touch: t, text: t.body?.text ?? '', files: t, edits: [], state: t }
    at.set(t.id, shown)
    out.push(shown)
  }
  return { list: out, of: at }
}

const broken = (t: Touch) => t.state === 'failed' || t.state === 'uncertain'
const arrived = (t: Touch) => t.state === 'sent' || t.state === 'delivered' || t.state === 'read'

function change(s: Shown, edit: Touch): void {
  s.edits.push(edit)
  s.failed = undefined
  if (edit.state === 'failed') {
    s.failed = edit
    s.state = s.touch
    return
  }
  s.text = edit.body?.text ?? ''
  if (edit.body?.files?.length) s.files = edit
  s.state = edit.inbound || (arrived(edit) && !broken(s.touch)) ? s.touch : edit
}

/** What a message said before, newest first: texts with the moment from which each held. */
export function versions(s: Shown): { text: string; at: number; failed: boolean }[] {
  const all = [s.touch, ...s.edits].map((t) => ({ text: t.body?.text ?? '', at: t.at, failed: t !== s.touch && t.state === 'failed' }))
  return all.reverse()
}
