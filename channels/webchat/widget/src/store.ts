/** What survives a reload, shared by the site's tabs. Where the browser forbids it, it lasts as long as the page. */
export class Store {
  private memory = new Map<string, string>()
  private disk: Storage | undefined

  constructor(private prefix: string) {
    try {
      this.disk = window.localStorage
      this.disk.getItem('')
    } catch {
      this.disk = undefined
    }
  }

  get<T>(key: string): T | undefined {
    try {
      const s = this.memory.get(key) ?? this.disk?.getItem(this.prefix + key)
      return s ? JSON.parse(s) : undefined
    } catch {
      return undefined
    }
  }

  set(key: string, value: unknown): void {
    const s = JSON.stringify(value)
    try {
      this.disk!.setItem(this.prefix + key, s)
      this.memory.delete(key)
    } catch {
      this.memory.set(key, s) // forbidden, or full
    }
  }

  del(key: string): void {
    this.memory.delete(key)
    this.disk?.removeItem(this.prefix + key)
  }

  /** Keys that begin with start, sorted. */
  keys(start: string): string[] {
    const all = [...this.memory.keys()]
    for (let i = 0; i < (this.disk?.length ?? 0); i++) {
      const k = this.disk!.key(i)!
      if (k.startsWith(this.prefix)) all.push(k.slice(this.prefix.length))
    }
    return [...new Set(all)].filter(k => k.startsWith(start)).sort()
  }

  /** Calls f when another tab changed something; key is undefined when all was cleared. */
  listen(f: (key?: string) => void): void {
    addEventListener('storage', e => {
      if (e.key === null) f()
      else if (e.key.startsWith(this.prefix)) f(e.key.slice(this.prefix.length))
    })
  }
}
