import { detached } from '../core/detached.ts'
import { cleanValue, REDACTED, shownText } from './labels.ts'
import { RecentPairs } from './recent-pairs.ts'

/** One level of the tree: from a label's value to the next level, or to the series. */
type Branch<S> = Map<unknown, Branch<S> | S>

export interface SeriesTableOptions<S> {
  readonly labels: readonly string[]
  readonly maxSeries: number
  /** Labels whose values may be long numbers. */
  readonly allowDigits: ReadonlySet<string>
  readonly create: () => S
  /** Is told when labels are missing, unknown or no strings. */
  readonly misuse: (why: string) => void
  /** Is told when a new series was refused because there are `maxSeries`. */
  readonly dropped: () => void
  /** Is told when a value was replaced, because it can be a phone number. */
  readonly redacted: () => void
  /** Whether this value of this label finds a place when there is none for others: as many again as `maxSeries`. */
  readonly reserved: (label: string, value: string) => boolean
}

/** The value of every label of the series that takes what finds no place. */
const OVERFLOW = '__overflow__'

/**
 * The series of one metric, found by their label values: a tree of maps, one level for each label, so that no two label
 * sets can ever be taken for one another, and nothing is joined or hashed on the way.
 */
export class SeriesTable<S> {
  /** The series of a metric without labels. */
  only: S | undefined
  readonly #options: SeriesTableOptions<S>
  #labels: readonly string[]
  #depth: number
  #root: Branch<S> = new Map()
  #recent = new RecentPairs<S>()
  #size = 0
  #reserved = 0
  #sink: S | undefined

  constructor(options: SeriesTableOptions<S>) {
    this.#options = options
    this.#labels = options.labels
    this.#depth = options.labels.length
    this.only = this.#depth === 0 ? options.create() : undefined
  }

  /**
   * The series of these labels, made when it is new; the overflow series when there are too many; one that is never
   * shown when the labels are wrong.
   */
  find(labels: readonly unknown[]): S {
    // By index: taking them apart like an array's pattern runs an iterator, too large to be inlined.
    const first = labels[0]
    if (labels.length === 2) return this.#pair(first, labels[1])
    if (labels.length === 1 && typeof first === 'object' && first !== null) return this.#byName(first)
    return labels.length === 1 ? this.#single(first) : this.#walk([...labels])
  }

  #single(value: unknown): S {
    const known = this.#depth === 1 ? this.#root.get(value) : undefined
    return known === undefined ? this.#walk([value]) : (known as S)
  }

  get labels(): readonly string[] {
    return this.#labels
  }

  /** Adds labels. The series that there are have them empty, and go on; handles of them stay good. */
  widen(more: readonly string[]): void {
    const old: (readonly [path: readonly string[], series: S])[] = []
    this.each((values, series) => {
      const isRest = values.length > 0 && values.every((value) => value === OVERFLOW)
      old.push([[...values, ...more.map(() => (isRest ? OVERFLOW : ''))], series])
    })
    this.#labels = [...this.#labels, ...more]
    this.#depth = this.#labels.length
    this.#root = new Map()
    this.#recent = new RecentPairs()
    // It was the only one, and is one of many now.
    if (this.only !== undefined) this.#size += 1
    this.only = undefined
    for (const [path, series] of old) this.#put(path, series)
  }

  /** The series of these labels if there is one; makes none. */
  peek(labels: readonly unknown[]): S | undefined {
    const [given] = labels
    const byName = labels.length === 1 && typeof given === 'object' && given !== null
    const path = this.#path(byName ? valuesByName(this.#labels, given) : labels)
    if (path === undefined) this.#wrong()
    return path && this.#known(path)
  }

  /** Visits every series; the array is reused. */
  each(visit: (labelValues: readonly string[], series: S) => void): void {
    const path: string[] = []
    if (this.only !== undefined) return visit(path, this.only)
    const walk = (node: Branch<S>, level: number): void => {
      for (const [value, next] of node) {
        path[level] = value as string
        if (level === this.#depth - 1) visit(path, next as S)
        else walk(next as Branch<S>, level + 1)
      }
    }
    walk(this.#root, 0)
  }

  /** Keys are strings only, so that anything else a caller passes is not found. */
  #known(path: readonly unknown[]): S | undefined {
    let node: Branch<S> | S | undefined = this.#root
    for (let level = 0; level < path.length && node !== undefined; level += 1)
      node = (node as Branch<S>).get(path[level])
    return node as S | undefined
  }

  /** Two labels are so common, and two look-ups so slow, that they have a short cut (bench/metrics-record.ts). */
  #pair(first: unknown, second: unknown): S {
    const recent = this.#recent.get(first, second)
    if (recent !== undefined) return recent
    const known = this.#depth === 2 ? this.#known([first, second]) : undefined
    if (known === undefined) return this.#walk([first, second])
    this.#recent.missed(first, second, known)
    return known
  }

  #byName(given: object): S {
    const labels = this.#labels
    if (labels.length !== 2) return this.#walk(valuesByName(labels, given))
    const one = labels[0]
    const two = labels[1]
    let first: unknown
    let second: unknown
    try {
      for (const name in given) {
        if (name === one) first = (given as Record<string, unknown>)[name]
        else if (name === two) second = (given as Record<string, unknown>)[name]
        else return this.#wrong()
      }
    } catch {
      return this.#wrong()
    }
    return this.#pair(first, second)
  }

  #walk(values: readonly unknown[]): S {
    const known = values.length === this.#depth ? this.#known(values) : undefined
    if (known !== undefined) return known
    const path = this.#path(values)
    if (path === undefined) return this.#wrong()
    if (path.some((value, at) => value === REDACTED && values[at] !== REDACTED)) this.#options.redacted()
    return this.#insert(path)
  }

  /** The values that name the series, fit to be shown; `undefined` when there is one too few, too many or no string. */
  #path(values: readonly unknown[]): readonly string[] | undefined {
    const names = this.#labels
    const { allowDigits } = this.#options
    if (values.length !== this.#depth || !values.every((value) => typeof value === 'string')) return undefined
    return values.map((value, index) => {
      const name = names[index] ?? ''
      return allowDigits.has(name) ? shownText(value) : cleanValue(value, name)
    })
  }

  #insert(path: readonly string[]): S {
    const known = this.#known(path)
    if (known !== undefined) return known
    const { create, dropped } = this.#options
    if (!this.#admits(path)) {
      dropped()
      return this.#insert(path.map(() => OVERFLOW))
    }
    const series = create()
    this.#put(path, series)
    return series
  }

  /** Takes a place for a new series, if there is one: those with a reserved value have places of their own. */
  #admits(path: readonly string[]): boolean {
    const { maxSeries, reserved } = this.#options
    if (this.#reserved < maxSeries && path.some((value, at) => reserved(this.#labels[at] ?? '', value))) {
      this.#reserved += 1
      return true
    }
    if (this.#size >= maxSeries && path.some((value) => value !== OVERFLOW)) return false
    this.#size += 1
    return true
  }

  #put(path: readonly string[], series: S): void {
    const last = path.length - 1
    const branch = path.slice(0, last).reduce((node, value) => branchOf(node, value), this.#root)
    branch.set(detached(path[last] ?? ''), series)
  }

  #wrong(): S {
    this.#options.misuse('its labels are missing, unknown or no strings')
    return (this.#sink ??= this.#options.create())
  }
}

/** The values in the order of the names; none unless they are these names. Each value is read once. */
function valuesByName(names: readonly string[], given: object): readonly unknown[] {
  try {
    const entries = new Map<string, unknown>(Object.entries(given))
    return entries.size === names.length && names.every((name) => entries.has(name)) ? names.map((name) => entries.get(name)) : [] // prettier-ignore
  } catch {
    // A getter or a proxy that throws is a wrong label, and recording never throws.
    return []
  }
}

function branchOf<S>(node: Branch<S>, value: string): Branch<S> {
  const next = (node.get(value) as Branch<S> | undefined) ?? new Map<unknown, Branch<S> | S>()
  if (next.size === 0) node.set(detached(value), next)
  return next
}
