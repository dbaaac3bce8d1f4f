/**
 * The long torture: `npm run torture -- --store postgres --ids 20000 --kills 40 --seed 7`. Without `--store` it is run on
 * every store. Ends with 1 when a rule was broken; the history is kept then.
 */
import { parseArgs } from 'node:util'
import { oneOf, wholeAtLeast } from '../../src/core/check.ts'
import { lineOf, printed } from './printed.ts'
import { storeKinds, type StoreKind } from './stores.ts'
import { torture } from './torture.ts'

const { values } = parseArgs({
  options: {
    store: { type: 'string' },
    ids: { type: 'string', default: '20000' },
    kills: { type: 'string', default: '40' },
    troubles: { type: 'string', default: '30' },
    killers: { type: 'string', default: '6' },
    hangers: { type: 'string', default: '6' },
    workers: { type: 'string', default: '8' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})

function numberOf(name: Exclude<keyof typeof values, 'store'>, minimum = 0): number {
  const value = Number(values[name])
  wholeAtLeast(minimum, `--${name}`, value)
  return value
}

function stores(): readonly StoreKind[] {
  if (values.store !== undefined) oneOf(storeKinds, '--store', values.store)
  return storeKinds.filter((kind) => values.store === undefined || kind === values.store)
}

async function main(): Promise<void> {
  for (const store of stores()) {
    const options = {
      ...{ ids: numberOf('ids'), workers: numberOf('workers', 1), seed: numberOf('seed') },
      ...{ kills: numberOf('kills'), troubles: numberOf('troubles', 1) },
      ...{ killers: numberOf('killers'), hangers: numberOf('hangers') },
    }
    const { ids, seed, ...rest } = options
    const what = Object.entries(rest).map(([name, count]) => `${count} ${name}`)
    console.log(`${store}: ${[`${ids} updates`, ...what].join(', ')}, seed ${seed}`)
    const { deliveries, seconds, folder, ...verdict } = await torture({ store, ...options })
    console.log(
      [printed(verdict), lineOf('deliveries', deliveries), lineOf('seconds', seconds.toFixed(1)), ''].join('\n'),
    )
    if (verdict.violations.length === 0) continue
    console.log(`the history is in ${folder}`)
    process.exitCode = 1
  }
}

main().catch((error: unknown) => {
  console.error(error)
  process.exit(2)
})
