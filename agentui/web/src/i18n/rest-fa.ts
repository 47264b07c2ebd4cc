import { colleagues } from './fa-colleagues'
import { customer } from './fa-customer'
import { define } from './fa-define'
import { desk } from './fa-desk'
import { find } from './fa-find'
import { imports } from './fa-import'
import { privacy } from './fa-privacy'
import { record } from './fa-record'
import { reports } from './fa-reports'
import { settings } from './fa-settings'
import { steer } from './fa-steer'
import { why } from './fa-why'

export default { ...colleagues, ...customer, ...define, ...desk, ...find, ...imports, ...privacy, ...record, ...reports, ...settings, ...steer, ...why }
