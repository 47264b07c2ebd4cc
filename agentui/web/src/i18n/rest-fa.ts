import { colleagues } from './fa-colleagues'
import { desk } from './fa-desk'
import { reports } from './fa-reports'
import { settings } from './fa-settings'
import { steer } from './fa-steer'
import { why } from './fa-why'

export default { ...colleagues, ...desk, ...reports, ...settings, ...steer, ...why }
