import { desk } from './en-desk'
import { settings } from './en-settings'
import { steer } from './en-steer'

export default { ...desk, ...settings, ...steer }
