// What holds for the whole firm.

export interface Canned {
  id: string
  shortcut: string
  title: string
  text: string
  version: number
}

export interface Firm {
  name: string
  locale: string
  timezone?: string
  color?: string
  about?: string
  /** Two letters: of phone numbers that are written without one. */
  country?: string
  version?: number
}

/** A setting that is one value; version is sent back with a change. */
export interface Setting<V> {
  value: V
  version: number
}
