import { get, post, put } from '@/api/client'
import type { Role, Setting, Text } from '@/api'

// What a firm defines of its customer record: fields, kinds of touches, stages. Errors: ApiError.

export interface Choice {
  id: string
  name: Text
  archived?: boolean
}

export const fieldTypes = ['text', 'number', 'money', 'date', 'choice', 'choices', 'yes_no', 'link'] as const
export type FieldType = (typeof fieldTypes)[number]
export const owners = ['customer', 'organisation', 'conversation'] as const
export const groups = ['demographic', 'psychographic', 'product', 'commercial'] as const

export interface Attribute {
  id: string
  of: (typeof owners)[number]
  name: Text
  group: (typeof groups)[number]
  type: FieldType
  options?: Choice[]
  required?: boolean
  /** Roles; nobody named: all. */
  see?: Role[]
  edit?: Role[]
  archived?: boolean
}

export interface KindField {
  id: string
  name: Text
  type: FieldType
  options?: Choice[]
  required?: boolean
}
export interface Kind {
  id: string
  name: Text
  icon?: string
  inbound: boolean
  fields?: KindField[]
  archived?: boolean
}

export interface RelationKind extends Choice {
  back: Text
}
export interface Limit {
  see?: Role[]
  edit?: Role[]
}
/** Stages that follow from purchases. 0: that one not. */
export interface StageRule {
  enabled: boolean
  active: number
  active_months: number
  loyal: number
  loyal_months: number
  lapsed_months: number
  any_touch: boolean
}
export interface StagesMoved {
  customers: number
  stages: Record<string, number>
  more: boolean
}
export interface RecordRules {
  stages: Choice[]
  purposes: Choice[]
  relation_kinds: RelationKind[]
  field_roles: Record<string, Limit>
  required_fields: string[]
  stale_days: number
  stage_rule: StageRule
}
export const limitedFields = ['name', 'tier', 'address', 'tags', 'languages', 'time_zone', 'place', 'owner', 'stage', 'organisations', 'relations', 'consents', 'money', 'cost'] as const
export const requirableFields = ['name', 'tier', 'tags', 'languages', 'time_zone', 'place', 'owner', 'stage', 'organisations', 'consents', 'address'] as const

interface Values {
  attributes: Attribute[]
  kinds: Kind[]
  record: RecordRules
}
export const rules = {
  read: <N extends keyof Values>(name: N) => get<Setting<Values[N]>>(`/settings/${name}`),
  write: <N extends keyof Values>(name: N, x: Setting<Values[N]>) => put<Setting<Values[N]>>(`/settings/${name}`, x),
  /** What a rule of stages would change if it were switched on. */
  previewStages: (stage_rule: StageRule) => post<StagesMoved>('/settings/record/stages', { stage_rule }),
  /** The hub's own kinds of touches, and the firm's. */
  kinds: () => get<{ items?: Kind[]; kinds?: Kind[] }>('/kinds'),
}

/** Roles by the least of them that may; all: agents. */
export const leastOf = (roles: readonly Role[] | undefined): Role => (!roles?.length || roles.includes('agent') ? 'agent' : roles.includes('supervisor') ? 'supervisor' : 'admin')
export const rolesFrom = (least: Role): Role[] => (least === 'agent' ? [] : [least])
