import { onBeforeUnmount, ref, type Ref } from 'vue'

/** media follows a media query for as long as the component lives. */
export function media(query: string): Readonly<Ref<boolean>> {
  const m = matchMedia(query)
  const is = ref(m.matches)
  const heard = () => (is.value = m.matches)
  m.addEventListener('change', heard)
  onBeforeUnmount(() => m.removeEventListener('change', heard))
  return is
}
