import { computed, ref, watchEffect } from 'vue'
import type { Router } from 'vue-router'
import { t } from '@/i18n'
import { now } from '@/lib/clock'
import { rowName } from '@/lib/names'
import { play } from '@/lib/sound'
import { kept } from '@/lib/store'
import { live, nameRow, onNews } from './live'
import { userId } from './session'

// What asks for an agent's attention: offers, new messages. Sound, desktop notification, the page's title,
// and a sentence for screen readers.

/** Read out by screen readers as it changes. */
export const said = ref('')

/** Conversations that are held out to the signed-in user, the one that runs out first in front. */
export const offers = computed(() =>
  [...live.value.rows.values()]
    .filter((r) => r.status === 'offered' && r.offered_to === userId.value && (r.offer_until ?? 0) > now.value)
    .sort((a, b) => (a.offer_until ?? 0) - (b.offer_until ?? 0)),
)

const key = 'tamas.notify'
export const notifications = ref(kept.get(key, false) && 'Notification' in globalThis && Notification.permission === 'granted')

/** Asks the browser for the right to notify, or gives it up. */
export async function setNotifications(on: boolean): Promise<void> {
  if (on && 'Notification' in globalThis) on = (await Notification.requestPermission()) === 'granted'
  notifications.value = on
  kept.set(key, on)
}

/** A notification of the browser, while the page is not before the eyes and the user wants it. */
export function notify(title: string, body: string, tag: string, open: () => void): void {
  if (!notifications.value || document.visibilityState === 'visible') return
  const n = new Notification(title, { body, tag, icon: '/favicon.svg', lang: document.documentElement.lang, dir: document.documentElement.dir as 'rtl' | 'ltr' })
  n.onclick = () => {
    window.focus()
    open()
    n.close()
  }
}

export function startAlerts(router: Router): () => void {
  const open = (id: string) => () => void router.push({ name: 'inbox', params: { id } })
  const name = (id: string) => {
    const r = live.value.rows.get(id)
    return r ? rowName(r) : t('customer.unknown')
  }
  const stopNews = onNews((n) => {
    if (n.kind === 'offer') {
      if (live.value.nameless.has(n.conversation)) void nameRow(n.conversation)
      play('offer')
      said.value = t('said.offer', { name: name(n.conversation) })
      notify(t('said.offer', { name: name(n.conversation) }), live.value.rows.get(n.conversation)?.preview?.text ?? '', n.conversation, open(n.conversation))
    } else if (n.kind === 'assigned') {
      play('offer')
      said.value = t('said.assigned', { name: name(n.conversation) })
      notify(said.value, '', n.conversation, open(n.conversation))
    } else if (n.kind === 'message') {
      const text = n.touch.body?.text ?? ''
      const at = router.currentRoute.value
      if (at.params.id !== n.conversation || document.visibilityState === 'hidden') play('message')
      said.value = t('said.message', { name: name(n.conversation), text: text.slice(0, 120) })
      notify(name(n.conversation), text.slice(0, 200), n.conversation, open(n.conversation))
    }
  })
  const stopTitle = watchEffect(() => {
    const n = Math.max(0, live.value.counts.mine_unread) + offers.value.length
    document.title = (n ? `(${n}) ` : '') + t('app.name')
  })
  return () => {
    stopNews()
    stopTitle()
  }
}
