import { all, any, NEVER, negated, type Comparison, type Filter, type Operand } from './filter.ts'
import { listedColumns, tableName } from './identifier.ts'
import type { Order, Plan, Slicing } from './plan.ts'
import type { Step, StepKind } from './step.ts'
import type { Shape } from './types.ts'

/** Filters that are being gathered: those of the query, and around each branch those of its brackets. */
interface Group {
  readonly kind: 'or' | 'not'
  readonly branches: Filter[][]
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Reads what the steps mean. */
export function planOf(last: Step): Plan {
  return (last.plan ??= new PlanReader(last).plan)
}

class PlanReader {
  readonly plan: Mutable<Plan> = {
    table: { schema: undefined, name: '' },
    columns: [],
    condition: NEVER,
    order: [],
    paging: { kind: 'slice', limit: undefined, offset: undefined },
    shape: 'many',
    count: 'none',
    values: 0,
    position: '',
    sql: new Map(),
    rest: new Map(),
  }
  readonly groups: Group[] = []
  literals: string[] = []
  readonly #filters: Filter[] = []

  constructor(last: Step) {
    for (const { kind, name } of stepsTo(last)) {
      READERS[kind](this, name, kind)
      if (!NO_POSITION.test(kind)) this.plan.position += `;${kind} ${name}`
    }
    this.plan.condition = all(this.#filters)
  }

  add(filter: Filter): void {
    const filters = this.groups.at(-1)?.branches.at(-1) ?? this.#filters
    filters.push(filter)
  }

  /** The place of the next value. */
  value(): number {
    return this.plan.values++
  }

  operand(): Operand {
    const { literals } = this
    if (literals.length === 0) return this.value()
    this.literals = []
    return literals
  }
}

/** What changes neither the rows that match nor their order. */
const NO_POSITION = /^(?:select|column|limit|offset|page|start|after|count|many|single|maybeSingle|first|exists)$/

type Reader = (reader: PlanReader, name: string, kind: StepKind) => void

const compare: Reader = (reader, column, operator) =>
  reader.add({ kind: 'compare', column, operator: operator as Comparison, operand: reader.operand() })
const nullity: Reader = (reader, column, kind) => reader.add({ kind: 'null', column, is: kind === 'null' })
const contains: Reader = (reader, column, kind) =>
  reader.add({ kind: kind as 'contains', column, operand: reader.value() })
const group: Reader = (reader, _, kind) => void reader.groups.push({ kind: kind as Group['kind'], branches: [] })
const slice: Reader = ({ plan }, _, kind) => void (plan.paging = { ...(plan.paging as Slicing), [kind]: plan.values++ })
const page: Reader = ({ plan }, _, kind) => void (plan.paging = { kind: kind as 'page', page: plan.values++ })
const shape: Reader = ({ plan }, _, kind) => void (plan.shape = kind as Shape)
const order: Reader = ({ plan }, column, ordering) => {
  const [direction, nulls] = ordering.split(' ') as [Order['direction'], Order['nulls']?]
  plan.order = [...plan.order, { column, direction, nulls }]
}

const READERS: Readonly<Record<StepKind, Reader>> = {
  from: ({ plan }, name) => void (plan.table = tableName(name)),
  select: ({ plan }, names) => void (plan.columns = listedColumns(names)),
  column: ({ plan }, names) => void (plan.columns = [...new Set([...plan.columns, ...listedColumns(names)])]),
  count: ({ plan }, how) => void (plan.count = how as Plan['count']),
  literal: ({ literals }, literal) => void literals.push(literal),
  eq: compare,
  neq: compare,
  gt: compare,
  gte: compare,
  lt: compare,
  lte: compare,
  like: compare,
  ilike: compare,
  in: (reader, column) => reader.add({ kind: 'in', column, operand: reader.operand() }),
  contains,
  'contains list': contains,
  never: (reader) => reader.add(NEVER),
  null: nullity,
  'not null': nullity,
  or: group,
  not: group,
  branch: ({ groups }) => void groups.at(-1)?.branches.push([]),
  end(reader) {
    const { kind, branches = [] } = reader.groups.pop() ?? {}
    const met = branches.map(all)
    reader.add(kind === 'or' ? any(met) : negated(all(met)))
  },
  limit: slice,
  offset: slice,
  page,
  start: page,
  after: page,
  asc: order,
  'asc first': order,
  'asc last': order,
  'asc never': order,
  desc: order,
  'desc first': order,
  'desc last': order,
  'desc never': order,
  many: shape,
  single: shape,
  maybeSingle: shape,
  first: shape,
  exists: shape,
}

function stepsTo(last: Step): Step[] {
  const steps: Step[] = []
  for (let step: Step | undefined = last; step !== undefined; step = step.parent) steps.push(step)
  return steps.reverse()
}
