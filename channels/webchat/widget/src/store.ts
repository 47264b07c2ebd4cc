// What cannot be written to the disk: it is forbidden, or full.
const memory = new Map<string, string>()

function attempt<T>(f: () => T): T | undefined {
  try {
    return f()
  } catch {
    return undefined
  }
}

/** What survives a reload, shared by the site's tabs. Where the browser forbids it, it lasts as long as the page. */
export class Store {
  constructor(private prefix: string) {}

  get<T>(key: string): T | undefined {
    key = this.prefix + key
    const text = memory.get(key) ?? attempt(() => localStorage.getItem(key))
    return text ? attempt(() => JSON.parse(text)) : undefined
  }

  set(key: string, value: unknown): void {
    key = this.prefix + key
    const text = JSON.stringify(value) ?? 'null'
    memory.set(key, text)
    attempt(() => { localStorage.setItem(key, text); memory.delete(key) })
  }

  del(key: string): void {
    key = this.prefix + key
    memory.delete(key)
    attempt(() => localStorage.removeItem(key))
  }

  clear(): void {
    for (const k of this.keys('')) this.del(k)
  }

  /** Keys that begin with start, sorted. */
  keys(start: string): string[] {
    const all = [...memory.keys(), ...(attempt(() => Object.keys(localStorage)) ?? [])].filter(k => k.startsWith(this.prefix + start))
    return [...new Set(all)].map(k => k.slice(this.prefix.length)).sort()
  }

  /** Calls f when another tab changed something; key is undefined when all was cleared. */
  listen(f: (key?: string) => void): void {
    addEventListener('storage', e => {
      if (e.key === null) f()
      else if (e.key.startsWith(this.prefix)) f(e.key.slice(this.prefix.length))
    })
  }
}
