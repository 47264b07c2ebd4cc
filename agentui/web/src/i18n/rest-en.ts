import { desk } from './en-desk'
import { settings } from './en-settings'

export default { ...desk, ...settings }
