import { t } from '@/i18n'
import { limitsOf } from './channels'

/**
 * What to call a customer: the name, else the address, else, where the address is only a visitor's id that
 * says nothing to anybody, "Visitor" with its beginning.
 */
export function nameOf(c: { name: string; address: string; channel: string }): string {
  if (c.name) return c.name
  if (!c.address) return t('customer.unknown')
  return plainAddress(c.channel, c.address)
}

/** Where customers come without an address of their own, theirs is only an id. */
const anonymous = (channel: string) => !!limitsOf(channel).live && !!limitsOf(channel).no_reply_to

/** An address as it is shown: of a visitor's id, only its beginning; one that is gone has been erased. */
export const plainAddress = (channel: string, address: string): string => (!address ? t('customer.erased') : anonymous(channel) ? t('customer.visitor', { id: address.replace(/^v_?/, '').slice(0, 5) }) : leftToRight(address))

/** A number without a letter takes the page's direction, and its plus stands on the wrong side in Persian: a mark settles it. */
export const leftToRight = (s: string) => (/\p{L}/u.test(s) ? s : `\u200e${s}`)

/** The direction of a text, by its first letter; undefined: the page's. */
export function dirOf(s: string): 'rtl' | 'ltr' | undefined {
  const letter = /\p{L}/u.exec(s)?.[0]
  return letter ? (/[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(letter) ? 'rtl' : 'ltr') : undefined
}

/** Whose a conversation is; of one that was erased the thread tells it. */
export const rowName = (r: { customer: { name: string }; address: string; channel: string; thread?: string }) =>
  r.thread?.startsWith('erased/') ? t('customer.erased') : nameOf({ name: r.customer.name, address: r.address, channel: r.channel })
