// Runs the suite on Node, Deno or Bun and prints the results as one line of JSON. Needs no permission of any kind.
import { runSupabase } from './easymo-supabase.mjs'
import { runTable } from './easymo-table.mjs'
import { runSuite } from './suite.mjs'

console.log(JSON.stringify([...(await runSuite()), ...(await runSupabase()), ...(await runTable())]))
