import { desk } from './en-desk'
import { reports } from './en-reports'
import { settings } from './en-settings'
import { steer } from './en-steer'

export default { ...desk, ...reports, ...settings, ...steer }
