import { knownOptions, oneOf } from '../core/check.ts'
import { OptionError } from '../core/errors.ts'
import type { Family, GaugeMerge } from '../core/metrics-port.ts'
import { unitProblem } from './units.ts'

/** What makes a metric: two definitions with the same words are the same metric. */
export interface Definition {
  readonly type: Family['type']
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  /** Gauges only. */
  readonly merge?: GaugeMerge
  /** Histograms only. */
  readonly buckets?: readonly number[]
  /** Histograms only. */
  readonly quantiles?: boolean
}

/** From the quickest answer of a webhook to the one that nobody waits for, in seconds. */
const DEFAULT_BUCKETS: readonly number[] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What no name may look like, and why. */
type Rules = readonly (readonly [wrong: RegExp, why: string])[]

const CHARACTERS: Rules[0] = [/^(?![a-z_][a-z0-9_]*$)/i, 'must be made of letters, digits and _']
const SNAKE_CASE: Rules[0] = [/[a-z][A-Z]/, 'must be in snake_case']

const METRIC_RULES: Rules = [
  CHARACTERS,
  [/^__/, 'must not begin with __'],
  [/^_total$/, 'must say what it counts'],
  SNAKE_CASE,
  [/_(?:counter|gauge|summary|histogram|gauge_histogram)(?:_|$)/i, 'must not hold the type of the metric'],
  [/_(?:bucket|count|sum)$/, 'must not end in _bucket, _count or _sum, which histograms append'],
]

const LABEL_RULES: Rules = [CHARACTERS, [/^(?:__|le$|quantile$)/, 'is reserved by Prometheus'], SNAKE_CASE]

/** What isolates may do with their gauges when they are put together. */
const MERGES: readonly GaugeMerge[] = ['last', 'max', 'sum']

/** The options that only metrics of one type have. */
const OWN_OPTIONS = { counter: [], gauge: ['merge'], histogram: ['buckets', 'quantiles'] } as const

type Given = Partial<Omit<Definition, 'type' | 'name'>> & Pick<Definition, 'help'>

/**
 * Checks a definition by the rules of `promtool check metrics`, and copies it.
 *
 * Source: https://github.com/prometheus/client_golang/tree/main/prometheus/testutil/promlint
 *
 * @throws OptionError `ERR_PERF_OPTION`
 */
export function definition(type: Definition['type'], name: string, given: Given): Definition {
  checkName(type, name)
  knownOptions(given, 'help', 'labels', ...OWN_OPTIONS[type])
  const { help, labels = [], merge = 'sum', buckets = DEFAULT_BUCKETS, quantiles = false } = given
  if (typeof help !== 'string' || help === '') throw new OptionError(`help of ${name} must be a sentence`)
  checkLabelNames(name, labels)
  const common = { type, name, help, labels: [...labels] }
  if (type === 'counter') return common
  if (type === 'gauge') {
    oneOf(MERGES, `merge of ${name}`, merge)
    return { ...common, merge }
  }
  checkBuckets(name, buckets)
  if (typeof quantiles !== 'boolean') throw new OptionError(`quantiles of ${name} must be true or false`)
  return { ...common, buckets: [...buckets], quantiles }
}

/** True when both describe one metric. */
export function sameDefinition(a: Definition, b: Definition): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/**
 * The metric that another one cannot stand beside: a histogram takes its own name with `_created` as well, and no other
 * family may have it. A counter has a way out, which OpenMetrics' text goes; two others have none.
 *
 * Source: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md#suffixes
 *
 * @param known - what is defined under a name
 */
export function clashWith(
  { type, name }: Definition,
  known: (name: string) => Definition | undefined,
): string | undefined {
  if (type === 'counter') return undefined
  const created = known(`${name}_created`)
  if (type === 'histogram' && created !== undefined && created.type !== 'counter') return created.name
  const stem = name.endsWith('_created') ? known(name.replace(/_created$/, '')) : undefined
  return stem?.type === 'histogram' ? stem.name : undefined
}

function checkName(type: Definition['type'], name: string): void {
  const wrong = broken(METRIC_RULES, name) ?? suffixProblem(type, name) ?? unitProblem(name)
  if (wrong !== undefined) throw new OptionError(`metric name ${JSON.stringify(name)} ${wrong}`)
}

function suffixProblem(type: Definition['type'], name: string): string | undefined {
  const isCounter = type === 'counter'
  if (name.endsWith('_total') === isCounter) return undefined
  return isCounter ? 'must end in _total, because it is a counter' : 'must not end in _total, which is for counters'
}

/** @throws OptionError `ERR_PERF_OPTION` for a label name that no metric may have */
export function checkLabelNames(of: string, labels: readonly string[]): void {
  if (!Array.isArray(labels)) throw new OptionError(`labels of ${of} must be an array of names`)
  for (const [index, label] of labels.entries()) {
    const wrong = broken(LABEL_RULES, label) ?? (labels.indexOf(label) === index ? undefined : 'is named twice')
    if (wrong !== undefined) throw new OptionError(`label ${JSON.stringify(label)} of ${of} ${wrong}`)
  }
}

/** Why a name breaks one of the rules; `undefined` when it breaks none. */
function broken(rules: Rules, name: unknown): string | undefined {
  return rules.find(([wrong]) => typeof name !== 'string' || wrong.test(name))?.[1]
}

function checkBuckets(name: string, buckets: readonly number[]): void {
  const ascending = (bound: number, index: number): boolean =>
    Number.isFinite(bound) && (index === 0 || bound > (buckets[index - 1] ?? Infinity))
  if (!Array.isArray(buckets) || buckets.length === 0 || !buckets.every(ascending))
    throw new OptionError(`buckets of ${name} must be finite numbers in ascending order; +Inf is added`)
}
