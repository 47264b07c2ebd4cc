import { computed, ref, shallowRef } from 'vue'
import { rec } from '@/components/customer/api'
import type { Attribute, FieldOption, RecordSettings, Role, TouchKind, Words } from '@/api'
import { locale } from '@/i18n'
import { onNews } from './live'
import { may } from './session'

// What the firm has settled about its record: attributes, kinds of touches, stages, purposes, relations. Read when first needed, and
// again when it was changed.

export const attributes = shallowRef<Attribute[]>([])
export const kinds = shallowRef<TouchKind[]>([])
const settings = shallowRef<RecordSettings>({ stages: [], purposes: [], relation_kinds: [] })

/** A name that the firm gave, in the reader's language where there is one. */
export const word = (w: Words | string | undefined): string => (typeof w === 'string' ? w : w?.[locale.value] || w?.en || w?.fa || '')
const nameIn = (list: readonly FieldOption[], id: string) => word(list.find((o) => o.id === id)?.name) || id.replaceAll('_', ' ')
/** What can be chosen, and what is held though it is archived. */
const choices = (list: readonly FieldOption[], held: readonly string[] = []) => list.filter((o) => !o.archived || held.includes(o.id)).map((o) => ({ value: o.id, label: nameIn(list, o.id) }))

export const stageName = (id: string) => nameIn(settings.value.stages, id)
export const stageChoices = (held?: string) => choices(settings.value.stages, held ? [held] : [])
export const purposeName = (id: string) => nameIn(settings.value.purposes, id)
export const purposeChoices = (held: readonly string[]) => choices(settings.value.purposes, held)
export const relationChoices = computed(() => choices(settings.value.relation_kinds))
/** What the other is to somebody: a relation's end is the kind's name of its beginning, its beginning the way back's of its end. */
export function relationName(id: string, back = false): string {
  const k = settings.value.relation_kinds.find((x) => x.id === id)
  return (back && word(k?.back)) || nameIn(settings.value.relation_kinds, id)
}

export const kindOf = (id: string) => kinds.value.find((k) => k.id === id)
export const ownKinds = computed(() => kinds.value.filter((k) => k.id.startsWith('x_') && !k.archived))
export const attributeName = (id: string) => word(attributes.value.find((a) => a.id === id)?.name) || id

/** Whether the user is among the roles of a list, or above one of them; an empty list is everybody. */
export const among = (roles: readonly string[] | undefined) => !roles?.length || roles.some((r) => may(r as Role))
/** Whether a field that is not an attribute may be seen or changed. */
export const sees = (field: string) => among(settings.value.field_roles?.[field]?.see)
export const edits = (field: string) => sees(field) && among(settings.value.field_roles?.[field]?.edit)

export const recordKnown = ref(false)
async function load(): Promise<void> {
  const got = await Promise.allSettled([rec.attributes(), rec.kinds(), rec.settings()])
  if (got[0].status === 'fulfilled') attributes.value = got[0].value.value ?? []
  if (got[1].status === 'fulfilled') kinds.value = got[1].value.items ?? []
  if (got[2].status === 'fulfilled') settings.value = got[2].value.value
  recordKnown.value = true
}

let asked: Promise<void> | undefined
export const loadRecordSettings = () => (asked ??= load())

onNews((n) => {
  if (asked && n.kind === 'settings' && ['attributes', 'kinds', 'record', 'settings'].includes(n.topic)) asked = load()
})
