import { onMounted, ref } from 'vue'
import type { Setting } from '@/api'
import { useForm } from '@/lib/form'
import { rules } from './types'

type Name = Parameters<typeof rules.read>[0]
type Value<N extends Name> = Awaited<ReturnType<typeof rules.read<N>>>['value']

/** A setting of the record that a page reads, changes and writes back with its version. */
export function useRules<N extends Name>(name: N, none: Value<N>) {
  const form = useForm()
  const held = ref<Setting<Value<N>>>({ value: none, version: 0 })
  const loaded = ref(false)
  const load = async () => {
    loaded.value = await form.submit(async () => void (held.value = await rules.read(name) as Setting<Value<N>>))
  }
  onMounted(load)
  const save = (value: Value<N>) =>
    form.submit(async () => {
      held.value = await rules.write(name, { value, version: held.value.version } as never) as Setting<Value<N>>
    })
  return { ...form, held, loaded, load, save }
}
