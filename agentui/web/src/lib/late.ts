import { addIcon } from '@iconify/vue'
import { loadRest } from '@/i18n'

/** Loads what a first visit does without: the rest of the sentences and of the icons. */
export async function loadLate(): Promise<void> {
  const [icons] = await Promise.all([import('virtual:later-icons'), loadRest()])
  for (const [name, data] of Object.entries(icons.default)) addIcon(`lucide:${name}`, data)
}
