import type { Overflow, Queue } from '@/api'

/** The shortest way by which overflow from a queue with these rules leads back to it, as ids, the queue itself first; []: none does. */
export function circle(queue: string, rules: readonly Overflow[], all: readonly Pick<Queue, 'id' | 'routing'>[]): string[] {
  const rulesOf = new Map(all.map((q) => [q.id, q.routing.overflow ?? []]))
  const from = new Map<string, string>() // how each queue was come to
  const next = [queue]
  for (const id of next) {
    for (const o of id === queue ? rules : (rulesOf.get(id) ?? [])) {
      if (o.queue === queue) {
        const way: string[] = []
        for (let at: string | undefined = id; at && at !== queue; at = from.get(at)) way.unshift(at)
        return [queue, ...way]
      }
      if (!o.queue || !rulesOf.has(o.queue) || from.has(o.queue)) continue
      from.set(o.queue, id)
      next.push(o.queue)
    }
  }
  return []
}
