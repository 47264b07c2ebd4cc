import { useToast } from '@nuxt/ui/composables'
import { problem } from './problem'

/** useAttempt runs what may be refused and says why when it is; the answer tells whether it went well. */
export function useAttempt() {
  const toast = useToast()
  return async function attempt(f: () => Promise<unknown>, done?: string): Promise<boolean> {
    try {
      await f()
      if (done) toast.add({ title: done, color: 'success', icon: 'i-lucide-check' })
      return true
    } catch (e) {
      toast.add({ title: problem(e), color: 'error', icon: 'i-lucide-circle-alert' })
      return false
    }
  }
}
