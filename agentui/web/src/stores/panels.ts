import { ref } from 'vue'

/** Which panel lies over the page. */
export const panel = ref<'' | 'palette' | 'help' | 'begin'>('')
/** An action on the open conversation that was asked for elsewhere (palette, key): its header carries it out. */
export const wish = ref<'' | 'consult' | 'flag' | 'transfer' | 'snooze' | 'tags' | 'resolve' | 'claim' | 'reopen' | 'reply' | 'note' | 'rename'>('')
/** What the composer of the open conversation is to do with a message: quote it, or send it on. */
export const about = ref<{ touch: string; how: 'quote' | 'forward' } | null>(null)
/** A colleague's words for the composer of the open conversation: to be edited, or sent as they are. */
export const proposed = ref<{ text: string; send: boolean } | null>(null)
/** The picture that lies over the page: "<touch>/<place>". */
export const image = ref('')
export const showImage = (touch: string, n: number) => void (image.value = `${touch}/${n}`)
