import { measure } from 'mitata'

/** One way to do the job. `prepare` makes what a run consumes, outside the measured time. */
export interface Candidate<Input = undefined> {
  readonly name: string
  readonly prepare?: () => Input
  readonly run: (input: Input) => unknown
}

/** What the ratio of two candidates' times must be. */
export interface Target {
  readonly of: string
  readonly against: string
  readonly atMost: number
}

export interface Row {
  readonly of: string
  readonly against: string
  readonly ratio: number
  readonly atMost: number
  readonly met: boolean
}

export interface Comparison {
  readonly group: string
  /** Nanoseconds per run: the median of the rounds' medians, and all of them. Orientation only: ratios count. */
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
  const rows = targets.map((target) => rowOf(target, rounds))
  const comparison = {
    group,
    candidates: [...rounds].map(([name, all]) => ({ name, ns: median(all), rounds: all })),
    rows,
  }
  print(comparison)
  return comparison
}

async function once<Input>({ prepare, run }: Candidate<Input>): Promise<number> {
  const options = { min_cpu_time: ROUND_CPU_NS, warmup_samples: 2 }
  const stats =
    prepare === undefined
      ? await measure(() => run(undefined as Input), options)
      : await measure(function* () {
          yield { 0: prepare, bench: (input: Input) => run(input) }
        }, options)
  return (stats as Stats).p50
}

function rowOf({ of, against, atMost }: Target, rounds: ReadonlyMap<string, readonly number[]>): Row {
  const [ours, theirs] = [rounds.get(of) ?? [], rounds.get(against) ?? []]
  const ratio = median(ours.map((ns, round) => ns / (theirs[round] ?? NaN)))
  return { of, against, ratio, atMost, met: ratio <= atMost }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}

function print({ group, candidates, rows }: Comparison): void {
  console.log(`\n${group}`)
  for (const { name, ns } of candidates) console.log(`  ${name.padEnd(44)} ${(ns / 1_000).toFixed(2).padStart(9)} µs`)
  for (const { of, against, ratio, atMost, met } of rows)
    console.log(`  ${met ? 'met   ' : 'MISSED'} ${of} / ${against}: ${ratio.toFixed(2)} (at most ${atMost})`)
}
