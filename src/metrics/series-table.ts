import { cleanValue, detached } from './labels.ts'

/** One level of the tree: from a label's value to the next level, or to the series. */
type Branch<S> = Map<unknown, Branch<S> | S>

export interface SeriesTableOptions<S> {
  readonly labels: readonly string[]
  readonly maxSeries: number
  /** Labels whose values may be long numbers. */
  readonly allowDigits: ReadonlySet<string>
  readonly create: () => S
  /** Takes what is recorded with wrong labels; it is never shown. */
  readonly sink: S
  /** Is told when labels are missing, unknown or no strings. */
  readonly misuse: (why: string) => void
  /** Is told when a new series was refused because there are `maxSeries`. */
  readonly dropped: () => void
}

/** The value of every label of the series that takes what finds no place. */
const OVERFLOW = '__overflow__'

/**
 * The series of one metric, found by their label values: a tree of maps, one level for each label, so that no two label
 * sets can ever be taken for one another, and nothing is joined or hashed on the way.
 */
export class SeriesTable<S> {
  readonly #options: SeriesTableOptions<S>
  readonly #depth: number
  readonly #root: Branch<S> | S
  #size = 0

  constructor(options: SeriesTableOptions<S>) {
    this.#options = options
    this.#depth = options.labels.length
    this.#root = this.#depth === 0 ? options.create() : new Map()
  }

  /** The series of these labels, made when it is new; the overflow series when there are too many. */
  find(labels: readonly unknown[]): S {
    const depth = this.#depth
    if (labels.length !== depth) return this.#byName(labels)
    let node: Branch<S> | S | undefined = this.#root
    // Keys are strings only, so that anything else a caller passes misses here and is looked at in the slow way.
    for (let level = 0; level < depth && node !== undefined; level += 1) node = (node as Branch<S>).get(labels[level])
    return node === undefined ? this.#slowly(labels) : (node as S)
  }

  /** Visits every series; the array is reused. */
  each(visit: (labelValues: readonly string[], series: S) => void): void {
    const path: string[] = []
    const walk = (node: Branch<S> | S, level: number): void => {
      if (level === this.#depth) return visit(path, node as S)
      for (const [value, next] of node as Branch<S>) {
        path[level] = value as string
        walk(next, level + 1)
      }
    }
    walk(this.#root, 0)
  }

  /** The object form: the same walk, by the names of the labels. */
  #byName(labels: readonly unknown[]): S {
    const given = labels[0]
    if (labels.length !== 1 || typeof given !== 'object' || given === null) return this.#wrong()
    const byName = given as Record<string, unknown>
    const names = this.#options.labels
    let known = 0
    for (const name in byName) {
      if (!names.includes(name)) return this.#wrong()
      known += 1
    }
    if (known !== names.length) return this.#wrong()
    let node: Branch<S> | S | undefined = this.#root
    for (const name of names) {
      node = (node as Branch<S>).get(byName[name])
      if (node === undefined) return this.#slowly(names.map((each) => byName[each]))
    }
    return node as S
  }

  #slowly(labels: readonly unknown[]): S {
    // A metric of one label, called with an object: as many arguments as labels, but no string.
    if (this.#depth === 1 && typeof labels[0] === 'object') return this.#byName(labels)
    if (!labels.every((label) => typeof label === 'string')) return this.#wrong()
    const { labels: names, allowDigits } = this.#options
    return this.#insert(labels.map((label, index) => cleanValue(label, allowDigits.has(names[index] ?? ''))))
  }

  #insert(path: readonly string[]): S {
    const known = this.#get(path)
    if (known !== undefined) return known
    const { maxSeries, create, dropped } = this.#options
    if (this.#size >= maxSeries && path.some((value) => value !== OVERFLOW)) {
      dropped()
      return this.#insert(path.map(() => OVERFLOW))
    }
    this.#size += 1
    const last = path.length - 1
    const branch = path.slice(0, last).reduce((node, value) => branchOf(node, value), this.#root as Branch<S>)
    const series = create()
    branch.set(detached(path[last] ?? ''), series)
    return series
  }

  #get(path: readonly string[]): S | undefined {
    return path.reduce<Branch<S> | S | undefined>(
      (node, value) => (node as Branch<S> | undefined)?.get(value),
      this.#root,
    ) as S | undefined
  }

  #wrong(): S {
    this.#options.misuse('its labels are missing, unknown or no strings')
    return this.#options.sink
  }
}

function branchOf<S>(node: Branch<S>, value: string): Branch<S> {
  const next = (node.get(value) as Branch<S> | undefined) ?? new Map<unknown, Branch<S> | S>()
  if (next.size === 0) node.set(detached(value), next)
  return next
}
