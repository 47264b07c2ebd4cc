/// <reference types="vite/client" />

declare module 'virtual:nuxt-ui-icons' {
  import type { IconifyIcon } from '@iconify/vue'
  export function init(add: (name: string, data: IconifyIcon) => boolean | undefined): void
}

declare module 'virtual:later-icons' {
  const icons: Record<string, { body: string; width: number; height: number }>
  export default icons
}
