import { colleagues } from './en-colleagues'
import { desk } from './en-desk'
import { reports } from './en-reports'
import { settings } from './en-settings'
import { steer } from './en-steer'
import { why } from './en-why'

export default { ...colleagues, ...desk, ...reports, ...settings, ...steer, ...why }
