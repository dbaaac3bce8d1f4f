/**
 * Judges the history of a torture that has been run: `npx tsx test/torture/check.ts FOLDER`. Ends with 1 when a rule was
 * broken.
 */
import { readHistory } from './history.ts'
import { judge } from './judge.ts'
import { printed } from './printed.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('which folder?')
  process.exit(2)
}
const verdict = judge(readHistory(folder))
console.log(printed(verdict))
process.exit(verdict.violations.length === 0 ? 0 : 1)
