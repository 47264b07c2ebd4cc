/** What a row of a file becomes, as short lines: a name of the field where the value does not speak for itself, and the value. */
export function becomesLines(x: Record<string, unknown>, dateText: (ms: number) => string, dayText: (utc: number) => string): { key: string; text: string }[] {
  const lines: { key: string; text: string }[] = []
  const add = (key: string, v: unknown): void => {
    if (v === undefined || v === null || v === '' || (Array.isArray(v) && !v.length)) return
    if (key === 'id' && /^row-[0-9a-f]{32}$/.test(String(v))) return // made of the row's content
    if (key === 'at' && typeof v === 'number') lines.push({ key, text: dateText(v) })
    else if (key === 'identities' && Array.isArray(v)) v.forEach((i: { channel?: string; address?: string }) => lines.push({ key: i.channel ?? '', text: i.address ?? '' }))
    else if (key === 'customer' && typeof v === 'object') {
      const c = v as { channel?: string; address?: string; name?: string }
      if (c.name) lines.push({ key: 'name', text: c.name })
      if (c.address) lines.push({ key: c.channel ?? '', text: c.address })
    } else if (Array.isArray(v)) lines.push({ key, text: v.map((i) => (typeof i === 'object' ? JSON.stringify(i) : String(i))).join(', ') })
    else if (typeof v === 'object') {
      const o = v as Record<string, unknown>
      if ('amount' in o && 'currency' in o && Object.keys(o).length === 2) lines.push({ key: key === 'data' ? 'amount' : key, text: `${String(o.amount)} ${String(o.currency)}` })
      else for (const [k, y] of Object.entries(o)) add(k, y)
    } else if (typeof v === 'string' && /^\d{4}-\d\d-\d\d$/.test(v) && Date.parse(v)) lines.push({ key, text: dayText(Date.parse(v)) })
    else lines.push({ key, text: String(v) })
  }
  for (const [k, v] of Object.entries(x)) add(k, v)
  return lines
}
