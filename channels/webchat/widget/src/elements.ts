type Props = Record<string, unknown>

/** Makes an element. Text is always set as text: nothing that anybody wrote is ever parsed as HTML. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag)
  for (const [k, v] of Object.entries(props)) {
    if (k in e) (e as unknown as Props)[k] = v
    else e.setAttribute(k, String(v))
  }
  e.append(...children)
  return e
}

export function icon(d: string): SVGElement {
  const ns = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(ns, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(ns, 'path')
  path.setAttribute('d', d)
  svg.append(path)
  return svg
}

const circle = 'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0z'
const horn = 'M4 9v6h4l5 4V5L8 9zM17 '
export const shapes = {
  chat: 'M4 17 3 21l4-1A9 9 0 1 0 4 17zM8 12h0M12 12h0M16 12h0',
  close: 'M6 6l12 12M18 6 6 18',
  down: 'm6 9 6 6 6-6',
  send: 'M4 12 3 4l18 8-18 8zh8',
  sent: 'm5 12 5 5L19 7',
  clock: circle + 'M12 7v5l3 2',
  clip: 'm20 11-9 9a5 5 0 0 1-7-7l9-9a3 3 0 0 1 5 5l-9 8a1 1 0 0 1-2-2l7-8',
  smile: circle + 'M8 14s1 2 4 2 4-2 4-2M9 9h0M15 9h0',
  sound: horn + '9a4 4 0 0 1 0 6',
  mute: horn + '10l4 4M21 10l-4 4',
  file: 'M14 3v5h5M6 3h8l5 5v13H6z',
}
