import type { Field } from '@/api'

/** Whether a setting is shown: its when ("provider=twilio,vonage") holds of the other values. */
export function fieldShown(f: Field, values: Record<string, unknown>): boolean {
  if (!f.when) return true
  const at = f.when.indexOf('=')
  const [key, wanted] = at < 0 ? [f.when, ['true']] : [f.when.slice(0, at), f.when.slice(at + 1).split(',')]
  return wanted.includes(String(values[key] ?? ''))
}

/**
 * settingsOf is what is sent to the hub: values of the fields that are shown, what is empty left out (a
 * secret that was not typed stays as it is), and settings without a field as they were.
 */
export function settingsOf(fields: Field[], values: Record<string, unknown>, before: Record<string, unknown> = {}): Record<string, unknown> {
  const all: [string, unknown][] = Object.entries(before).filter(([k]) => !fields.some((f) => f.key === k))
  for (const f of fields) if (fieldShown(f, values)) all.push([f.key, values[f.key]])
  return Object.fromEntries(all.filter(([, v]) => v !== undefined && v !== '' && v !== null))
}

/** fillSignature puts the names in for {agent}, {queue} and {firm}. */
export function fillSignature(text: string, names: { agent: string; queue: string; firm: string }): string {
  return text.replace(/\{(agent|queue|firm)\}/g, (_, w: keyof typeof names) => names[w]).trim()
}
