// A quiet colour for a person, always the same for the same id.
const tints = [
  'bg-teal-100 text-teal-800 dark:bg-teal-900/60 dark:text-teal-200',
  'bg-sky-100 text-sky-800 dark:bg-sky-900/60 dark:text-sky-200',
  'bg-indigo-100 text-indigo-800 dark:bg-indigo-900/60 dark:text-indigo-200',
  'bg-fuchsia-100 text-fuchsia-800 dark:bg-fuchsia-900/50 dark:text-fuchsia-200',
  'bg-rose-100 text-rose-800 dark:bg-rose-900/50 dark:text-rose-200',
  'bg-orange-100 text-orange-800 dark:bg-orange-900/50 dark:text-orange-200',
  'bg-lime-100 text-lime-800 dark:bg-lime-900/50 dark:text-lime-200',
]

export function tint(id: string): string {
  let h = 0
  for (let i = 0; i < id.length; i++) h = (h * 31 + id.charCodeAt(i)) | 0
  return tints[Math.abs(h) % tints.length]!
}

/** One or two letters of a name; "" when it has none. */
export function initials(name: string): string {
  const words = name.match(/\p{L}[\p{L}\p{M}]*/gu) ?? []
  const [a, b] = [words[0], words.length > 1 ? words.at(-1) : undefined]
  // Persian letters would join: one of them is enough.
  if (a && /\p{Script=Arabic}/u.test(a)) return a[0]!
  return ((a?.[0] ?? '') + (b?.[0] ?? '')).toUpperCase()
}
