import type { Plan } from './plan.ts'
import type { Comparison } from './filter.ts'
import type { Shape } from './types.ts'

/** What a step adds to a query. Those that bring a value leave it to the query: a step is shared by all that take it. */
export type StepKind =
  | 'from'
  | 'select'
  | 'column'
  | 'literal'
  | Comparison
  | 'in'
  | 'never'
  | 'contains'
  | 'contains list'
  | 'null'
  | 'not null'
  | 'or'
  | 'not'
  | 'branch'
  | 'end'
  | Ordering
  | 'limit'
  | 'offset'
  | 'page'
  | 'start'
  | 'after'
  | 'count'
  | Shape

export type Ordering = `${'asc' | 'desc'}${'' | ' first' | ' last' | ' never'}`

/** How many steps a database's queries are remembered in; the next one begins anew. About a megabyte. */
const MOST_STEPS = 5_000

const PAGING: { readonly [K in StepKind]?: 'slice' | 'page' } = {
  limit: 'slice',
  offset: 'slice',
  page: 'page',
  start: 'page',
  after: 'page',
}

/** What the steps of one database have in common. */
export class StepCache {
  readonly maxSteps: number = MOST_STEPS
  steps = 0
  /** How often everything was forgotten. */
  resets = 0

  take(): void {
    if (this.steps === MOST_STEPS) {
      this.steps = 0
      this.resets += 1
    }
    this.steps += 1
  }
}

/**
 * One step of a query. Queries that take the same steps meet in the same object, so that what was checked and written for
 * the first of them serves all: a name is looked at once, and the text of a statement is made once.
 */
export class Step {
  readonly parent: Step | undefined
  readonly kind: StepKind
  readonly name: string
  /** Whether `limit` and `offset`, or `paginate`, were met on the way here. */
  readonly paging: 'none' | 'slice' | 'page'
  readonly #cache: StepCache
  /** The steps that were taken from here, by kind and by name. */
  readonly #next = new Map<StepKind, Map<string, Step>>()
  /** The one that was taken last: most often it is the next one, too. */
  #latest: Step | undefined
  #resets: number
  /** What all the steps up to this one mean, once somebody has asked. */
  plan: Plan | undefined

  constructor(cache: StepCache, at: { readonly parent?: Step; readonly kind: StepKind; readonly name: string }) {
    this.parent = at.parent
    this.kind = at.kind
    this.name = at.name
    this.paging = PAGING[at.kind] ?? at.parent?.paging ?? 'none'
    this.#cache = cache
    this.#resets = cache.resets
  }

  /** The step that follows; `check` looks at a name that nobody has used here before. */
  next(kind: StepKind, name = '', check?: (name: string, kind: string) => unknown): Step {
    if (this.#resets === this.#cache.resets) {
      const latest = this.#latest
      if (latest !== undefined && latest.kind === kind && latest.name === name) return latest
      const known = this.#next.get(kind)?.get(name)
      if (known !== undefined) return (this.#latest = known)
    }
    check?.(name, kind)
    return (this.#latest = this.#first(kind, name))
  }

  #first(kind: StepKind, name: string): Step {
    this.#cache.take()
    if (this.#resets !== this.#cache.resets) {
      this.#next.clear()
      this.#resets = this.#cache.resets
    }
    const step = new Step(this.#cache, { parent: this, kind, name })
    const named = this.#next.get(kind)
    if (named === undefined) this.#next.set(kind, new Map([[name, step]]))
    else named.set(name, step)
    return step
  }
}

/** The values of a query, the last one first; each query adds to those of the query that it was made of. */
export class Values {
  declare readonly before: Values | undefined
  declare readonly value: unknown
  declare readonly count: number

  constructor(before: Values | undefined, value: unknown) {
    this.before = before
    this.value = value
    this.count = before === undefined ? 1 : before.count + 1
  }
}
