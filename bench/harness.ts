import { measure } from 'mitata'

/** One way to do the job. `prepare` makes what a run consumes, outside the measured time. */
export interface Candidate<Input = undefined> {
  readonly name: string
  /** How many operations one run does; times are given per operation. @defaultValue 1 */
  readonly ops?: number
  readonly prepare?: () => Input
  readonly run: (input: Input) => unknown
}

/** What the ratio of two candidates' times must be. */
export interface Target {
  readonly of: string
  readonly against: string
  readonly atMost: number
}

/** The ratio of two candidates' times. */
export interface Ratio extends Target {
  readonly ratio: number
  readonly met: boolean
}

/** A number that is no ratio of times, beside what it must be; without a bound it is there for orientation. */
export interface Figure {
  readonly of: string
  readonly value: number
  readonly unit: string
  readonly atMost?: number
  readonly atLeast?: number
}

export type Row = Ratio | (Figure & { readonly met: boolean })

export interface Comparison {
  readonly group: string
  /** Nanoseconds per operation: the median of the rounds' medians, and all of them. Orientation only: ratios count. */
  readonly candidates: readonly { readonly name: string; readonly ns: number; readonly rounds: readonly number[] }[]
  readonly rows: readonly Row[]
}

const ROUNDS = 9
const ROUND_CPU_NS = 120e6

interface Stats {
  readonly p50: number
}

/**
 * Measures candidates side by side: rounds in which each one has its turn, in an order that rotates, so that a noisy
 * neighbour hits all alike. A ratio is the median of the rounds' own ratios.
 */
export async function compare<Input>(
  group: string,
  candidates: readonly Candidate<Input>[],
  targets: readonly Target[],
): Promise<Comparison> {
  const rounds = new Map<string, number[]>(candidates.map(({ name }) => [name, []]))
  for (let round = -1; round < ROUNDS; round += 1)
    for (let turn = 0; turn < candidates.length; turn += 1) {
      const candidate = candidates[(round + 1 + turn) % candidates.length]
      if (candidate === undefined) continue
      const ns = await once(candidate)
      // The first round warms up.
      if (round >= 0) rounds.get(candidate.name)?.push(ns)
    }
  return printed({
    group,
    candidates: [...rounds].map(([name, all]) => ({ name, ns: median(all), rounds: all })),
    rows: targets.map((target) => ratioOf(target, rounds)),
  })
}

/** Holds each figure to its bounds. */
export function judge(group: string, figures: readonly Figure[]): Comparison {
  const rows = figures.map((figure) => {
    const { value, atMost = Infinity, atLeast = -Infinity } = figure
    return { ...figure, met: value >= atLeast && value <= atMost }
  })
  return printed({ group, candidates: [], rows })
}

async function once<Input>({ ops = 1, prepare, run }: Candidate<Input>): Promise<number> {
  const options = { min_cpu_time: ROUND_CPU_NS, warmup_samples: 2 }
  const stats =
    prepare === undefined
      ? await measure(() => run(undefined as Input), options)
      : await measure(function* () {
          yield { 0: prepare, bench: (input: Input) => run(input) }
        }, options)
  return (stats as Stats).p50 / ops
}

function ratioOf({ of, against, atMost }: Target, rounds: ReadonlyMap<string, readonly number[]>): Ratio {
  const [ours, theirs] = [rounds.get(of) ?? [], rounds.get(against) ?? []]
  const ratio = median(ours.map((ns, round) => ns / (theirs[round] ?? NaN)))
  return { of, against, ratio, atMost, met: ratio <= atMost }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

function printed(comparison: Comparison): Comparison {
  console.log(`\n${comparison.group}`)
  for (const { name, ns } of comparison.candidates) console.log(`  ${name.padEnd(44)} ${time(ns).padStart(12)}`)
  for (const row of comparison.rows) console.log(`  ${verdict(row).padEnd(6)} ${described(row)}`)
  return comparison
}

function verdict(row: Row): string {
  const bounded = 'ratio' in row || row.atMost !== undefined || row.atLeast !== undefined
  return !row.met ? 'MISSED' : bounded ? 'met' : ''
}

const time = (ns: number): string => (ns < 1_000 ? `${ns.toFixed(0)} ns` : `${(ns / 1_000).toFixed(2)} µs`)

function described(row: Row): string {
  if ('ratio' in row) return `${row.of} / ${row.against}: ${digits(row.ratio)} (at most ${digits(row.atMost)})`
  const { of, value, unit, atMost, atLeast } = row
  const bounds = [
    ...(atLeast === undefined ? [] : [`at least ${digits(atLeast)}`]),
    ...(atMost === undefined ? [] : [`at most ${digits(atMost)}`]),
  ]
  return `${of}: ${digits(value)} ${unit}${bounds.length === 0 ? '' : ` (${bounds.join(', ')})`}`
}

/** As many digits as decide: three behind the point of a ratio, none of a large number. */
const digits = (value: number): string => String(Number(value.toFixed(value < 10 ? 3 : value < 1_000 ? 2 : 0)))
