import type { Suggestion } from '@/api'
import { t } from '@/i18n'
import { leftToRight } from './names'

/** Why two customers may be one person, in words. */
export const likenessText = (r: Suggestion['reasons'][number]): string =>
  r.value ? t(`likeness.${r.kind}.of`, { value: r.kind === 'phone' || r.kind === 'email' ? leftToRight(r.value) : r.value }) : t(`likeness.${r.kind}`)
