import type all from '../../strings.json'

export type Texts = (typeof all)['en']

/** The account's settings as the hub tells them; see public in session.go. */
export interface Config {
  style: Record<string, string> // the sheet's variables
  language: string
  locale: string
  dir: string
  side: string
  texts: Texts
  theme: string
  ask: { tag: 'input' | 'textarea'; label: string; props: Record<string, unknown> }[]
  max_text: number
  max_file: number
  sound: boolean
  rating: boolean
  visits: string
  open: boolean
  next?: number
}

/** What a page says about its visitor; see proof in identity.go. */
export interface Proof {
  identity?: string
  user_id?: string
  user_hash?: string
}

/** A text with {0} filled in. */
export const fill = (s: string, v: unknown): string => s.replace('{0}', String(v))
