/** paged cuts a list into pages as even as can be: nine with room for eight are five and four. */
export function paged<T>(list: readonly T[], room: number): T[][] {
  const pages = Math.ceil(list.length / Math.max(1, room))
  const size = Math.ceil(list.length / Math.max(1, pages))
  return Array.from({ length: pages }, (_, i) => list.slice(i * size, (i + 1) * size))
}
