import type { Sample, Source } from '../core/metrics-port.ts'
import { statsTable, type StatField, type StatsShape } from '../core/stats-table.ts'
import { gaugeOf } from './aggregate-gauge.ts'
import type { Group } from './aggregate-groups.ts'
import { VALUE } from './amounts.ts'
import type { Shape } from './shape.ts'

/** A metric that came out of the stats of a room, with its sums. */
export interface Collected {
  readonly shape: Shape
  readonly group: Group
}

type Kind = keyof typeof statsTable
type Stats = Record<string, unknown>

const KINDS = /* @__PURE__ */ Object.keys(statsTable) as Kind[]

/** Makes sources again of what was collected: one for each room, by kind and name, and one for all that is of no room. */
export function sourcesOf(collected: readonly Collected[]): Source[] {
  const samples = withHitRatios(collected.flatMap(samplesOf))
  const rooms = new Map<string, { kind: Kind | 'custom'; name: string; samples: Sample[] }>()
  for (const sample of samples) {
    const kind = KINDS.find((each) => fieldOf(statsTable[each], sample) !== undefined) ?? 'custom'
    const name = kind === 'custom' ? kind : labelOf(sample, statsTable[kind].label)
    const key = JSON.stringify([kind, name])
    const room = rooms.get(key) ?? { kind, name, samples: [] }
    rooms.set(key, room)
    room.samples.push(sample)
  }
  return Array.from(rooms.values(), ({ kind, name, samples: own }) => ({
    kind,
    name,
    read: () => (kind === 'custom' ? Object.fromEntries(own.map((sample) => [sample.name, sample.value])) : statsOf(statsTable[kind], own)), // prettier-ignore
    samples: () => own,
  }))
}

function samplesOf({ shape, group }: Collected): Sample[] {
  const { name, help, merge = 'sum' } = shape
  const type = shape.type === 'gauge' ? 'gauge' : 'counter'
  const names = [...group.defaults, ...shape.labels]
  return group.series.map(({ labels: values, parts, gauges }) => ({
    type,
    name,
    help,
    labels: names.flatMap((label, at) => (values[at] === '' ? [] : [[label, values[at] ?? ''] as const])),
    value: type === 'gauge' ? gaugeOf(gauges, merge) : (parts.get(VALUE) ?? 0),
  }))
}

/** The share of look-ups that were answered, over all isolates: a ratio cannot be added up, what it is made of can. */
function withHitRatios(samples: readonly Sample[]): Sample[] {
  const key = (name: string, labels: Sample['labels']): string => JSON.stringify([name, labels])
  const values = new Map(samples.map(({ name, labels, value }) => [key(name, labels), value]))
  return samples.map((sample) => {
    if (sample.name !== 'cache_hit_ratio') return sample
    const counts = ['hits', 'stale_hits', 'misses'].map((what) => values.get(key(`cache_${what}_total`, sample.labels)) ?? 0) // prettier-ignore
    return { ...sample, value: hitRatio(counts) }
  })
}

function hitRatio([hits = 0, stale = 0, misses = 0]: readonly number[]): number {
  const lookups = hits + stale + misses
  return lookups === 0 ? 0 : (hits + stale) / lookups
}

const labelOf = (sample: Sample, label: string): string => sample.labels.find(([name]) => name === label)?.[1] ?? ''

function fieldOf({ fields }: StatsShape, sample: Sample): readonly [name: string, field: StatField] | undefined {
  return Object.entries(fields).find(([, { metric }]) => metric === sample.name)
}

/** The stats that these samples were made of, put together over what they have no word for, such as the service. */
function statsOf(shape: StatsShape, samples: readonly Sample[]): Stats {
  const { each } = shape
  if (each === undefined) return partOf(shape, samples)
  const parts = new Map<string, Sample[]>()
  for (const sample of samples) {
    const name = labelOf(sample, each)
    parts.set(name, [...(parts.get(name) ?? []), sample])
  }
  // By entries and not by assignment: anything may be called `__proto__`.
  return Object.fromEntries(Array.from(parts, ([name, own]) => [name, partOf(shape, own)]))
}

function partOf(shape: StatsShape, samples: readonly Sample[]): Stats {
  const values = new Map<string, unknown>()
  for (const sample of samples) {
    const [name, { scale = 1, word }] = fieldOf(shape, sample) ?? ['', { scale: 1 } as StatField]
    const before = values.get(name)
    const value = sample.value / scale
    if (word !== undefined) values.set(name, value > 0 || before === word ? word : '')
    else if (name === 'loaded') values.set(name, value > 0 || before === true)
    else if (sample.type === 'gauge' && /_(?:seconds|ratio)$/.test(sample.name))
      values.set(name, Math.max(Number(before ?? 0), value)) // prettier-ignore
    else values.set(name, Number(before ?? 0) + value)
  }
  // Anew here too: several services may have a cache of this name.
  if (values.has('hitRate'))
    values.set('hitRate', hitRatio(['hits', 'staleHits', 'misses'].map((what) => Number(values.get(what) ?? 0))))
  return Object.fromEntries(values)
}
