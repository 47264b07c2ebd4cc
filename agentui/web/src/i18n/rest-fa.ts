import { desk } from './fa-desk'
import { settings } from './fa-settings'

export default { ...desk, ...settings }
