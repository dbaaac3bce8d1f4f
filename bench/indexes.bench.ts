/** The 20 indexes on a million trips: what the query of each costs without and with them, and which index it uses. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { performanceIndexes, type PerformanceIndex } from '../src/cli/migrate/indexes.ts'
import { startPostgres } from '../test/servers/index.ts'
import { judge, type Comparison, type Figure } from './harness.ts'
import { ROWS, TABLES, VALUES } from './indexes-data.ts'

const RUNS = 15

/** What a query cost. */
interface Cost {
  /** The median of the server's own execution time. */
  readonly ms: number
  readonly buffers: number
  readonly indexes: readonly string[]
}

interface PlanNode {
  readonly 'Index Name'?: string
  readonly 'Shared Hit Blocks'?: number
  readonly 'Shared Read Blocks'?: number
  readonly Plans?: readonly PlanNode[]
}

interface Explained {
  readonly Plan: PlanNode
  readonly 'Execution Time': number
}

async function costOf(client: pg.Client, { query }: PerformanceIndex): Promise<Cost> {
  const text = query.replaceAll(/\{(\w+)\}/g, (_, column: string) => VALUES[column] ?? 'null')
  const runs: Explained[] = []
  for (let run = 0; run <= RUNS; run += 1) {
    const { rows } = await client.query<{ 'QUERY PLAN': [Explained] }>(
      `explain (analyze, buffers, format json) ${text}`,
    )
    // The first run warms the cache.
    if (run > 0 && rows[0] !== undefined) runs.push(rows[0]['QUERY PLAN'][0])
  }
  const byTime = runs.sort((a, b) => a['Execution Time'] - b['Execution Time'])
  const middle = byTime[Math.floor(RUNS / 2)]
  if (middle === undefined) throw new Error('there is no plan')
  const { Plan } = middle
  const buffers = (Plan['Shared Hit Blocks'] ?? 0) + (Plan['Shared Read Blocks'] ?? 0)
  return { ms: middle['Execution Time'], buffers, indexes: indexesOf(Plan) }
}

function indexesOf(node: PlanNode): string[] {
  const own = node['Index Name']
  return [...(own === undefined ? [] : [own]), ...(node.Plans ?? []).flatMap(indexesOf)]
}

async function costs(client: pg.Client): Promise<Map<PerformanceIndex, Cost>> {
  const all = new Map<PerformanceIndex, Cost>()
  for (const index of performanceIndexes) all.set(index, await costOf(client, index))
  return all
}

function figuresOf(index: PerformanceIndex, before: Cost | undefined, after: Cost | undefined): Figure[] {
  const { name } = index
  if (before === undefined || after === undefined) throw new Error(`${name} was not measured`)
  return [
    { of: `${name}: before`, value: before.ms, unit: 'ms' },
    { of: `${name}: after`, value: after.ms, unit: 'ms' },
    { of: `${name}: before`, value: before.buffers, unit: 'buffers' },
    { of: `${name}: after`, value: after.buffers, unit: 'buffers' },
    { of: `${name} is used by its query`, value: after.indexes.includes(name) ? 1 : 0, unit: 'of 1', atLeast: 1 },
  ]
}

async function migrate(client: pg.Client): Promise<void> {
  const home = dirname(createRequire(import.meta.url).resolve('@easymo/perf/package.json'))
  await client.query(await readFile(join(home, 'migrations/0001_performance_indexes.sql'), 'utf8'))
  await client.query('vacuum analyze')
}

export async function run(): Promise<Comparison[]> {
  const server = await startPostgres({ private: true })
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    await client.query(TABLES)
    for (const statement of ROWS) await client.query(statement)
    const before = await costs(client)
    await migrate(client)
    const after = await costs(client)
    const sizes = await client.query<{ mb: number }>(
      'select (sum(pg_relation_size(indexrelid)) / 1e6)::float8 as mb from pg_index where indexrelid::regclass::text = any ($1)',
      [performanceIndexes.map(({ name }) => name)],
    )
    return [
      judge(
        'the query of each index, on 1 000 000 trips',
        performanceIndexes.flatMap((index) => figuresOf(index, before.get(index), after.get(index))),
      ),
      judge('all 20 together', [{ of: 'size', value: sizes.rows[0]?.mb ?? NaN, unit: 'MB' }]),
    ]
  } finally {
    await client.end()
    await server.stop()
  }
}
