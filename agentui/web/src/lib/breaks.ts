import { computed } from 'vue'
import { t } from '@/i18n'
import { routing } from '@/stores/desk'

/** What a break may be for: as the workspace says, or the usual ones. */
export const breakReasons = computed(() => (routing.value.break_reasons?.length ? routing.value.break_reasons : [t('break.lunch'), t('break.short'), t('break.training'), t('break.meeting')]))
