// node --import ./trace.mjs: prints the address of every module that is loaded.
import { register } from 'node:module'

register('./trace-hooks.mjs', import.meta.url)
