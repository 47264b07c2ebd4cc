import { weekDays } from '@/components/reports/rows'
import type { Staffing } from '@/components/reports/api'

type Slot = Staffing['slots'][number]

/** The 336 half hours in the order of the reader's week; the server begins on Sunday. */
export function inOrder(slots: readonly Slot[], locale: 'en' | 'fa'): Slot[] {
  return weekDays(locale).flatMap(({ day }) => slots.slice(day * 48, day * 48 + 48))
}

/** A week by its days: agent hours, the most at once, contacts. */
export function byDay(slots: readonly Slot[], locale: 'en' | 'fa'): { name: string; hours: number; most: number; volume: number }[] {
  return weekDays(locale).map(({ day, name }) => {
    const list = slots.slice(day * 48, day * 48 + 48)
    return { name, hours: list.reduce((n, s) => n + s.agents, 0) / 2, most: Math.max(0, ...list.map((s) => s.agents)), volume: list.reduce((n, s) => n + s.volume, 0) }
  })
}

/** The busiest half hour; undefined when nothing comes. */
export function peak(slots: readonly Slot[]): Slot | undefined {
  const top = slots.reduce<Slot | undefined>((a, s) => (a && a.agents >= s.agents ? a : s), undefined)
  return top && top.agents > 0 ? top : undefined
}
