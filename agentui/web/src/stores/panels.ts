import { ref } from 'vue'

/** Which panel lies over the page. */
export const panel = ref<'' | 'palette' | 'help'>('')
/** An action on the open conversation that was asked for elsewhere (palette, key): its header carries it out. */
export const wish = ref<'' | 'transfer' | 'snooze' | 'tags' | 'resolve' | 'claim' | 'reopen' | 'reply' | 'note' | 'rename'>('')
