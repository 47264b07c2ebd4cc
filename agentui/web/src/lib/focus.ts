import { onBeforeUnmount, onMounted } from 'vue'

/**
 * Keeps the keyboard on the page. What has the focus may go, with a choice that was made or a page that was left: then the nearest
 * place around it that stays, whatever has a tabindex, takes it, at last the page's main part. Browsers would leave it nowhere.
 */
export function useKeptFocus(main: () => HTMLElement | null): void {
  function lost(e: FocusEvent) {
    const from = e.target as HTMLElement
    if (e.relatedTarget) return
    const around: HTMLElement[] = []
    for (let el = from.parentElement?.closest<HTMLElement>('[tabindex]'); el; el = el.parentElement?.closest<HTMLElement>('[tabindex]')) around.push(el)
    setTimeout(() => {
      if (from.isConnected || (document.activeElement ?? document.body) !== document.body) return
      ;(around.find((x) => x.isConnected) ?? main())?.focus({ preventScroll: true })
    })
  }
  onMounted(() => addEventListener('focusout', lost))
  onBeforeUnmount(() => removeEventListener('focusout', lost))
}
