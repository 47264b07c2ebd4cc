import ui from '@nuxt/ui/runtime/locale/en.js'
import { en } from './en'

export default en
export { ui }
