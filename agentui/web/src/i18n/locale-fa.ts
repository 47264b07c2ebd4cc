import ui from '@nuxt/ui/runtime/locale/fa_ir.js'
import { fa } from './fa'

export default fa
export { ui }
