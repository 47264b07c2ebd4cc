import { desk } from './fa-desk'
import { reports } from './fa-reports'
import { settings } from './fa-settings'
import { steer } from './fa-steer'

export default { ...desk, ...reports, ...settings, ...steer }
