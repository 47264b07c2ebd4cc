import type { Limits } from '@/api'
import { kind } from '@/stores/session'

/** A channel's icon, from what it can do: components know no channel by name. */
export function iconOf(l: Limits | undefined): string {
  if (!l) return 'i-lucide-circle-help'
  if (l.subject) return 'i-lucide-mail'
  if (l.segments) return 'i-lucide-smartphone'
  if (l.live) return 'i-lucide-message-circle'
  return 'i-lucide-send'
}

export const channelIcon = (name: string) => iconOf(kind(name)?.limits)
export const limitsOf = (name: string): Limits => kind(name)?.limits ?? { text_length: 0 }
