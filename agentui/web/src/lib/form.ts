import { ref } from 'vue'
import { ApiError } from '@/api'
import { t } from '@/i18n'
import { problem } from './problem'

/** useForm sends a form and places what the hub refuses at the field at fault. */
export function useForm() {
  const busy = ref(false)
  const error = ref('')
  const field = ref('')

  async function submit(f: () => Promise<unknown>): Promise<boolean> {
    busy.value = true
    error.value = field.value = ''
    try {
      await f()
      return true
    } catch (e) {
      field.value = e instanceof ApiError ? e.field : ''
      error.value = e instanceof ApiError && e.status === 409 && e.code === 'conflict' ? t('form.stale') : problem(e)
      return false
    } finally {
      busy.value = false
    }
  }
  const errorOf = (...names: string[]) => (names.includes(field.value) ? error.value : undefined)
  /** The error, when none of these fields shows it. */
  const rest = (...names: string[]) => (error.value && !names.includes(field.value) ? error.value : '')
  return { busy, error, field, submit, errorOf, rest }
}
