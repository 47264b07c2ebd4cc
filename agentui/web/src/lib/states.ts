import type { AgentState, Status } from '@/api'
import type { Key } from '@/i18n'

export const stateName: Record<AgentState, Key> = {
  available: 'state.available', busy: 'state.busy', break: 'state.break', offline: 'state.offline', not_responding: 'state.not_responding', wrap_up: 'state.wrap_up',
}

export const stateDot: Record<AgentState, string> = {
  available: 'bg-emerald-500', busy: 'bg-amber-500', break: 'bg-sky-500', offline: 'bg-ink-400', not_responding: 'bg-rose-500', wrap_up: 'bg-violet-500',
}

export const statusName: Record<Status, Key> = {
  waiting: 'status.waiting', offered: 'status.offered', active: 'status.active', snoozed: 'status.snoozed', resolved: 'status.resolved',
}

export const statusColor: Record<Status, 'warning' | 'primary' | 'success' | 'neutral'> = {
  waiting: 'warning', offered: 'warning', active: 'primary', snoozed: 'neutral', resolved: 'success',
}

export const healthDot: Record<string, string> = { connected: 'bg-emerald-500', connecting: 'bg-amber-500', refused: 'bg-rose-500', failing: 'bg-rose-500', off: 'bg-ink-400' }
