import { desk } from './fa-desk'
import { settings } from './fa-settings'
import { steer } from './fa-steer'

export default { ...desk, ...settings, ...steer }
