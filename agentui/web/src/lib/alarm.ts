import { watch } from 'vue'
import { openAlerts } from '@/stores/health'
import { play } from './sound'

let heard = new Set<string>()

/** useAlarm sounds for each alert that asks for it, once, however many parts of the page listen. */
export function useAlarm(): void {
  watch(openAlerts, (list) => {
    if (list.some((a) => a.sound && !heard.has(a.id))) play('alert')
    heard = new Set(list.map((a) => a.id))
  }, { immediate: true })
}
