import { readFileSync } from 'node:fs'

/** The part of Grafana's dashboard model that ours is checked by. */
export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly schemaVersion: number
  readonly refresh: string
  readonly templating: { readonly list: readonly Variable[] }
  readonly panels: readonly Panel[]
}

/** What is chosen at the top; `definition` is the query that finds its values. */
export interface Variable {
  readonly name: string
  readonly type: string
  readonly definition?: string
}

/** A panel, or the title of a row of panels, which has no `targets`. */
export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: { readonly type: string; readonly uid: string }
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } }
  readonly targets?: readonly Target[]
}

/** One query of a panel. */
export interface Target {
  readonly refId: string
  readonly expr: string
  readonly legendFormat: string
}

/** Reads the dashboard of `docs/monitoring`. */
export function readDashboard(): Dashboard {
  const file = new URL('../../docs/monitoring/grafana-dashboard.json', import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as Dashboard
}

/** Every query of all panels, its variables replaced by what Grafana would put there for the job `easymo`. */
export function queriesOf({ panels }: Dashboard): (Target & { readonly panel: string })[] {
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map((target) => ({ ...target, panel: title, expr: filledIn(target.expr) })),
  )
}

function filledIn(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', 'easymo').replaceAll('$service', '.*')
}

/** What is wrong with the layout: ids or letters used twice, panels over each other or over the edge, things left out. */
export function layoutFaults({ panels }: Dashboard): string[] {
  const ids = panels.map(({ id }) => id)
  return [
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `id ${id} is used twice`),
    ...panels.flatMap(faultsOf),
    ...panels.flatMap((panel, index) =>
      panels
        .slice(index + 1)
        .filter((other) => overlap(panel, other))
        .map((other) => `${panel.title} lies over ${other.title}`),
    ),
  ]
}

function faultsOf(panel: Panel): string[] {
  const { type, title, description = '', gridPos, fieldConfig, datasource, targets = [] } = panel
  const { x, y, w, h } = gridPos
  const letters = targets.map(({ refId }) => refId)
  const isRow = type === 'row'
  const rules: readonly (readonly [holds: boolean, fault: string])[] = [
    [title !== '', 'has no title'],
    [x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 24, 'is over the edge'],
    [isRow || description.length > 10, 'has no description'],
    [isRow || fieldConfig?.defaults.unit !== undefined, 'has no unit'],
    [isRow || targets.length > 0, 'asks nothing'],
    [isRow || datasource?.uid === '${datasource}', 'has a data source of its own'],
    [new Set(letters).size === letters.length, 'has a refId twice'],
  ]
  return rules.filter(([holds]) => !holds).map(([, fault]) => `${title} ${fault}`)
}

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}
