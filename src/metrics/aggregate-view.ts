import type { Clock } from '../core/clock.ts'
import type { Family, FamilyOf, MetricsView } from '../core/metrics-port.ts'
import type { StoredDefinition, StoredMetrics } from '../core/metrics-store.ts'
import { gaugeOf } from './aggregate-gauge.ts'
import { snapshotOf } from './aggregate-histogram.ts'
import { sourcesOf, type Collected } from './aggregate-sources.ts'
import { groupsOf, type Group } from './aggregate-groups.ts'
import { VALUE } from './amounts.ts'
import { shapeOf, type Shape } from './shape.ts'

/** So much longer than the others of its name may a definition be silent before it counts as gone. */
const GONE_AFTER_MS = 600_000

/** Makes of what a store holds something that can be shown. */
export function viewOf(stored: StoredMetrics, clock: Clock): MetricsView {
  const shapes = shownShapes(stored.definitions)
  const collected: Collected[] = []
  const families: Family[] = []
  for (const [metric, group] of groupsOf(stored, shapes)) {
    const shape = shapes.get(metric)
    if (shape === undefined) continue
    if (shape.collected === true && shape.type !== 'histogram') collected.push({ shape, group })
    else families.push(familyOf(shape, group))
  }
  const sources = sourcesOf(collected)
  return {
    defaultLabels: {},
    clock,
    uptimeMs: () => stored.definitions.reduce((oldest, { ageMs }) => Math.max(oldest, ageMs), 0),
    families: () => families,
    sources: () => sources,
    // Counted where it happened; there is nothing to count it in here.
    misuse: () => undefined,
  }
}

/** One definition of each name, by its metric: the youngest of those that somebody still uses. */
function shownShapes(definitions: readonly StoredDefinition[]): Map<string, Shape> {
  const byName = new Map<string, { metric: string; shape: Shape; ageMs: number; idleMs: number }[]>()
  for (const { metric, definition, ageMs, idleMs } of definitions) {
    const shape = shapeOf(definition)
    if (shape === undefined) continue
    const rivals = byName.get(shape.name) ?? []
    rivals.push({ metric, shape, ageMs, idleMs })
    byName.set(shape.name, rivals)
  }
  const names = [...byName].sort(([a], [b]) => (a < b ? -1 : 1))
  return new Map(
    names.map(([, rivals]) => {
      const freshest = Math.min(...rivals.map(({ idleMs }) => idleMs))
      const used = rivals.filter(({ idleMs }) => idleMs - freshest <= GONE_AFTER_MS)
      const { metric, shape } = used.reduce((young, other) => (other.ageMs < young.ageMs ? other : young))
      return [metric, shape]
    }),
  )
}

function familyOf(shape: Shape, group: Group): Family {
  const { name, help, merge = 'sum', buckets = [] } = shape
  const head = { name, help, labels: [...group.defaults, ...shape.labels] }
  const each =
    <T>(value: (series: Group['series'][number]) => T): FamilyOf<string, T>['each'] =>
    (visit) =>
      group.series.forEach((series) => visit(series.labels, value(series)))
  if (shape.type === 'counter') return { ...head, type: shape.type, each: each(({ parts }) => parts.get(VALUE) ?? 0) }
  if (shape.type === 'gauge')
    return { ...head, type: shape.type, merge, each: each(({ gauges }) => gaugeOf(gauges, merge)) }
  const snapshot = each((series) => snapshotOf(series, buckets.length, shape.sketch === true))
  return { ...head, type: shape.type, buckets, each: snapshot }
}
