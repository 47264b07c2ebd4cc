import { colleagues } from './fa-colleagues'
import { customer } from './fa-customer'
import { desk } from './fa-desk'
import { find } from './fa-find'
import { reports } from './fa-reports'
import { settings } from './fa-settings'
import { steer } from './fa-steer'
import { why } from './fa-why'

export default { ...colleagues, ...customer, ...desk, ...find, ...reports, ...settings, ...steer, ...why }
