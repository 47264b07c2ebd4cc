import { defineAsyncComponent, type Component } from 'vue'
import { loadRest } from '@/i18n'

/** A component that is loaded when it is first shown, with the sentences that it needs. */
export function later<C extends Component>(load: () => Promise<{ default: C }>): C {
  return defineAsyncComponent({
    loader: async () => {
      const [c] = await Promise.all([load(), loadRest()])
      return c.default
    },
  }) as unknown as C
}
