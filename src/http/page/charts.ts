import type { ChartData } from './chart-drawing.ts'
import { chartSpecs, MOST_LINES, type ChartSpec } from './chart-specs.ts'
import { Chart } from './chart.ts'
import { html } from './dom.ts'
import { UNKNOWN } from './format.ts'
import type { Point } from './history.ts'
import type { Reading } from './reading.ts'

/** All charts of the page; the same point in time is marked in each of them. */
export class Charts {
  readonly elements: readonly HTMLElement[]
  readonly #charts: readonly (readonly [chart: Chart, spec: ChartSpec])[]
  readonly #routes = html('select', { 'aria-label': 'Route of the times to answer' })
  #points: readonly Point[] = []
  #look: number | undefined
  /** Undefined for all together. */
  #route: string | undefined

  constructor() {
    const onLook = (time: number | undefined): void => {
      if (time === this.#look) return
      this.#look = time
      this.show(this.#points)
    }
    this.#charts = chartSpecs(() => this.#route).map((spec) => [new Chart({ ...spec, onLook }), spec])
    this.elements = this.#charts.map(([{ element }]) => element)
    for (const [chart, spec] of this.#charts) if (spec.byRoute === true) chart.head.append(this.#routes)
    this.#routes.addEventListener('change', () => {
      this.#route = this.#routes.selectedIndex === 0 ? undefined : this.#routes.value
      this.show(this.#points)
    })
  }

  show(points: readonly Point[]): void {
    this.#points = points
    this.#offer(points.at(-1)?.now)
    for (const [chart, spec] of this.#charts) chart.show(dataOf(points, spec), this.#look)
  }

  /** Changed only when there is another route: an open list must not close under the reader's hand. */
  #offer(reading: Reading | undefined): void {
    const wanted = [...(reading?.routes.keys() ?? [])].sort()
    const shown = [...this.#routes.options].slice(1).map(({ value }) => value)
    if (this.#routes.length > 0 && wanted.join('\n') === shown.join('\n')) return
    if (this.#route !== undefined && !wanted.includes(this.#route)) this.#route = undefined
    const options = wanted.map((route) => html('option', { value: route }, route === '' ? UNKNOWN : route))
    this.#routes.replaceChildren(html('option', {}, 'All routes'), ...options)
    this.#routes.selectedIndex = this.#route === undefined ? 0 : 1 + wanted.indexOf(this.#route)
  }
}

function dataOf(points: readonly Point[], spec: ChartSpec): ChartData {
  const values = points.map((point) => {
    const found = spec.values(point)
    return found instanceof Map ? found : new Map(Object.entries(found))
  }) as ReadonlyMap<string, number | undefined>[]
  // The order of the newest point first: its lines are the ones that the reader asks about.
  const labels = [...new Set([...values].reverse().flatMap((found) => [...found.keys()]))].slice(0, MOST_LINES)
  return {
    times: points.map(({ now }) => now.at),
    apart: points.map(({ apart }) => apart),
    restarted: points.map(({ restarted }) => restarted),
    lines: labels.map((label) => ({ label, values: values.map((found) => found.get(label)) })),
  }
}
