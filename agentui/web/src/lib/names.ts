import { t } from '@/i18n'
import { limitsOf } from './channels'

/**
 * What to call a customer: the name, else the address, else, where the address is only a visitor's id that
 * says nothing to anybody, "Visitor" with its beginning.
 */
export function nameOf(c: { name: string; address: string; channel: string }): string {
  if (c.name) return c.name
  if (!c.address) return t('customer.unknown')
  return limitsOf(c.channel).live ? t('customer.visitor', { id: c.address.slice(0, 5) }) : c.address
}

export const rowName = (r: { customer: { name: string }; address: string; channel: string }) => nameOf({ name: r.customer.name, address: r.address, channel: r.channel })
