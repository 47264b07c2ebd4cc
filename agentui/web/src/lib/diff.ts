// What a change changed, as people read it: one line for each value that differs.

export interface Change {
  /** Names from the outside in; a place in a list of rows is the row's name. */
  path: string[]
  before?: unknown
  after?: unknown
}

type Row = Record<string, unknown>
const isRow = (x: unknown): x is Row => typeof x === 'object' && x !== null && !Array.isArray(x)
/** "", 0, false, [] and {} say as much as nothing at all. */
const blank = (x: unknown): boolean => x === undefined || x === null || x === '' || x === 0 || x === false || (Array.isArray(x) && !x.length) || (isRow(x) && !Object.keys(x).length)
const idOf = (x: unknown): string | undefined => (isRow(x) && typeof x.id === 'string' && x.id ? x.id : undefined)
const silent = new Set(['version', 'created_at'])
const most = 60

/** changes compares two JSON values. Rows in lists are told apart by their id, other lists' elements by what they are. */
export function changes(before: unknown, after: unknown): Change[] {
  const out: Change[] = []
  walk(before, after, [], out)
  return out
}

function walk(a: unknown, b: unknown, path: string[], out: Change[]): void {
  if (out.length >= most || (blank(a) && blank(b)) || JSON.stringify(a) === JSON.stringify(b)) return
  if ((isRow(a) || blank(a)) && (isRow(b) || blank(b)) && (isRow(a) || isRow(b)) && path.length < 6) {
    const [x, y] = [isRow(a) ? a : {}, isRow(b) ? b : {}]
    for (const k of new Set([...Object.keys(x), ...Object.keys(y)])) if (!silent.has(k)) walk(x[k], y[k], [...path, k], out)
    return
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    const [x, y] = [Array.isArray(a) ? a : [], Array.isArray(b) ? b : []]
    if ([...x, ...y].every((e) => idOf(e))) return rows(x as Row[], y as Row[], path, out)
    if ([...x, ...y].every((e) => typeof e !== 'object')) {
      const [gone, come] = [x.filter((e) => !y.includes(e)), y.filter((e) => !x.includes(e))]
      // The same elements in another order: then the order is the change.
      out.push(gone.length || come.length ? { path, before: gone, after: come } : { path, before: x, after: y })
      return
    }
  }
  out.push({ path, before: a, after: b })
}

function rows(a: Row[], b: Row[], path: string[], out: Change[]): void {
  const name = (r: Row) => String(r.name || r.title || r.kind || r.id)
  // What has no name of its own is shown as it is.
  const whole = (r: Row) => (r.name || r.title || !r.kind ? name(r) : r)
  for (const id of new Set([...a, ...b].map((r) => r.id as string))) {
    const [x, y] = [a.find((r) => r.id === id), b.find((r) => r.id === id)]
    if (x && y) walk(x, y, [...path, name(y)], out)
    else out.push({ path, before: x ? [whole(x)] : undefined, after: y ? [whole(y)] : undefined })
  }
  const order = (l: Row[], of: Row[]) => l.filter((r) => of.some((o) => o.id === r.id))
  const [x, y] = [order(a, b), order(b, a)]
  if (x.some((r, i) => r.id !== y[i]!.id)) out.push({ path, before: x.map(name), after: y.map(name) })
}
