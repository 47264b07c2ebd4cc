/** An id for something that people have named: from the Latin letters of the name, else a made-up one; none that is taken. */
export function slug(name: string, taken: readonly string[], begin = ''): string {
  const words = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '')
  const fit = (s: string) => `${begin}${/^[a-z]/.test(s) || begin ? s : `f_${s}`}`.slice(0, 36)
  const base = words ? fit(words) : fit(`f${Math.random().toString(36).slice(2, 10)}`)
  let id = base
  for (let n = 2; taken.includes(id); n++) id = `${base}_${n}`
  return id
}
