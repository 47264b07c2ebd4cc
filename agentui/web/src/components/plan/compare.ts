import type { SimResult } from '@/components/reports/api'
import type { Plot, Series } from '@/components/charts/plot'
import type { Key } from '@/i18n'
import type { Unit } from '@/lib/figureText'

/** What is compared of each result; good: more is better (1), worse (−1), neither (0). */
export const lines: { key: Key; unit: Unit; good: number; of: (r: SimResult) => number | null }[] = [
  { key: 'sim.arrived', unit: 'count', good: 0, of: (r) => r.arrived },
  { key: 'sim.answered', unit: 'count', good: 1, of: (r) => r.answered },
  { key: 'sim.abandoned', unit: 'count', good: -1, of: (r) => r.abandoned },
  { key: 'sim.left', unit: 'count', good: -1, of: (r) => r.left_behind },
  { key: 'sim.level', unit: 'share', good: 1, of: (r) => r.service_level },
  { key: 'sim.asa', unit: 'ms', good: -1, of: (r) => (r.answered ? r.asa_ms : null) },
  { key: 'sim.p90', unit: 'ms', good: -1, of: (r) => (r.answered ? r.wait_p90_ms : null) },
  { key: 'sim.longest', unit: 'ms', good: -1, of: (r) => (r.answered ? r.wait_max_ms : null) },
  { key: 'sim.occupancy', unit: 'share', good: 0, of: (r) => r.occupancy },
]

/** A line of results by half hour: one series a policy over the half hours that any of them saw. */
export function byHalfHour(results: readonly SimResult[], of: (s: NonNullable<SimResult['by_half_hour']>[number]) => number | null, label: (ms: number) => string, format: Plot['format']): Plot {
  const times = [...new Set(results.flatMap((r) => (r.by_half_hour ?? []).map((s) => s.at)))].sort((a, b) => a - b)
  const series: Series[] = results.map((r) => {
    const at = new Map((r.by_half_hour ?? []).map((s) => [s.at, of(s)]))
    return { name: r.name, values: times.map((x) => at.get(x) ?? null) }
  })
  return { kind: 'line', labels: times.map(label), series, format }
}
