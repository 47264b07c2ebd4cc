/** Local storage that may be forbidden or full: then nothing is kept, and nothing breaks. */
export const kept = {
  get<T>(key: string, fallback: T): T {
    try {
      const v = localStorage.getItem(key)
      return v === null ? fallback : (JSON.parse(v) as T)
    } catch {
      return fallback
    }
  },
  set(key: string, value: unknown): void {
    try {
      localStorage.setItem(key, JSON.stringify(value))
    } catch { /* see above */ }
  },
  drop(key: string): void {
    try {
      localStorage.removeItem(key)
    } catch { /* see above */ }
  },
  /** All keys that begin with a prefix. */
  keys(prefix: string): string[] {
    try {
      return Object.keys(localStorage).filter((k) => k.startsWith(prefix))
    } catch {
      return []
    }
  },
}
