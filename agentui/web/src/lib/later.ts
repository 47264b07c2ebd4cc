import { defineAsyncComponent, type Component } from 'vue'
import { loadLate } from './late'

/** A component that is loaded when it is first shown, with the sentences and icons that it needs; while the hub is away, again and again. */
export function later<C extends Component>(load: () => Promise<{ default: C }>): C {
  return defineAsyncComponent({
    loader: async () => {
      const [c] = await Promise.all([load(), loadLate()])
      return c.default
    },
    onError: (_error, retry, _fail, attempts) => void setTimeout(retry, Math.min(500 * 2 ** attempts, 15_000)),
  }) as unknown as C
}
