import { defineAsyncComponent, type Component } from 'vue'
import { loadLate } from './late'

/** A component that is loaded when it is first shown, with the sentences and icons that it needs. */
export function later<C extends Component>(load: () => Promise<{ default: C }>): C {
  return defineAsyncComponent({
    loader: async () => {
      const [c] = await Promise.all([load(), loadLate()])
      return c.default
    },
  }) as unknown as C
}
