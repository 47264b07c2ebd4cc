import { colleagues } from './en-colleagues'
import { customer } from './en-customer'
import { define } from './en-define'
import { desk } from './en-desk'
import { find } from './en-find'
import { imports } from './en-import'
import { privacy } from './en-privacy'
import { record } from './en-record'
import { reports } from './en-reports'
import { settings } from './en-settings'
import { steer } from './en-steer'
import { why } from './en-why'

export default { ...colleagues, ...customer, ...define, ...desk, ...find, ...imports, ...privacy, ...record, ...reports, ...settings, ...steer, ...why }
