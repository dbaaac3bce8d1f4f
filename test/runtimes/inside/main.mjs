// Runs the suite on Node, Deno or Bun and prints the results as one line of JSON. Needs no permission of any kind.
import { runSuite } from './suite.mjs'

console.log(JSON.stringify(await runSuite()))
