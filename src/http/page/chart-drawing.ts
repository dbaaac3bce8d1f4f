import { svg } from './dom.ts'
import { duration, type Format } from './format.ts'
import { spanOf, ticks } from './scale.ts'

/** One line of a chart: a value for each point in time, or none. */
export interface Line {
  readonly label: string
  readonly values: readonly (number | undefined)[]
}

/** What a chart shows. */
export interface ChartData {
  /** In epoch milliseconds of the service, ascending. */
  readonly times: readonly number[]
  /** No line leads to this point from the one before. */
  readonly apart: readonly boolean[]
  readonly restarted: readonly boolean[]
  readonly lines: readonly Line[]
}

/** How large a drawing is, and what its values are called. */
export interface Drawing {
  readonly width: number
  readonly format: Format
  /** The top of the scale, where it is known. */
  readonly top?: number | undefined
  /** The point that the reader looks at. */
  readonly cursor: number | undefined
}

const HEIGHT = 168
const LEFT = 58
const RIGHT = 8
const TOP = 10
const BOTTOM = 24

/** Where a point in time stands in a drawing, and back. */
export class TimeAxis {
  readonly span: number
  readonly #end: number
  readonly #width: number

  constructor(times: readonly number[], width: number) {
    this.#end = times.at(-1) ?? 0
    this.span = spanOf(this.#end - (times[0] ?? 0))
    this.#width = width - LEFT - RIGHT
  }

  x(time: number): number {
    return round(LEFT + (1 - (this.#end - time) / this.span) * this.#width)
  }

  timeAt(x: number): number {
    return this.#end - (1 - (x - LEFT) / this.#width) * this.span
  }
}

/** Draws the scales and the lines; texts and dashes, and not the colours alone, tell the lines apart. */
export function draw(data: ChartData, { width, format, top, cursor }: Drawing): SVGElement {
  const { times, lines } = data
  const axis = new TimeAxis(times, width)
  const known = lines.flatMap(({ values }) => values.filter((value) => value !== undefined))
  const steps = ticks(top ?? Math.max(0, ...known))
  const highest = steps.at(-1) ?? 1
  const y = (value: number): number => round(TOP + (1 - value / highest) * (HEIGHT - TOP - BOTTOM))
  const frame = svg('svg', { viewBox: `0 0 ${width} ${HEIGHT}`, height: HEIGHT, width: '100%', 'aria-hidden': 'true' })
  frame.append(...rows(steps, width, { y, format }), ...columns(axis, times.at(-1) ?? 0))
  for (const [index, time] of times.entries())
    if (data.restarted[index] === true) frame.append(upright('restart', axis.x(time)))
  for (const [index, { values }] of lines.entries()) frame.append(...strokes(data, values, { axis, y, index }))
  const at = cursor === undefined ? undefined : times[cursor]
  if (cursor === undefined || at === undefined) return frame
  frame.append(upright('cursor', axis.x(at)))
  for (const [index, { values }] of lines.entries()) {
    const value = values[cursor]
    if (value !== undefined) frame.append(svg('circle', { class: `dot c${index}`, cx: axis.x(at), cy: y(value), r: 4 }))
  }
  return frame
}

interface Rows {
  readonly y: (value: number) => number
  readonly format: Format
}

function rows(steps: readonly number[], width: number, { y, format }: Rows): SVGElement[] {
  return steps.flatMap((step) => [
    svg('line', { class: 'grid', x1: LEFT, x2: width - RIGHT, y1: y(step), y2: y(step) }),
    svg('text', { x: LEFT - 8, y: y(step) + 4, 'text-anchor': 'end' }, format(step)),
  ])
}

function columns(axis: TimeAxis, end: number): SVGElement[] {
  const step = axis.span > 60_000 ? 60_000 : 20_000
  return Array.from({ length: axis.span / step + 1 }, (_, index) => {
    const back = axis.span - index * step
    const anchor = back === 0 ? 'end' : back === axis.span ? 'start' : 'middle'
    return svg(
      'text',
      { x: axis.x(end - back), y: HEIGHT - 5, 'text-anchor': anchor },
      back === 0 ? 'now' : `−${duration(back)}`,
    )
  })
}

function upright(name: string, x: number): SVGElement {
  return svg('line', { class: name, x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM })
}

interface Stroke {
  readonly axis: TimeAxis
  readonly y: (value: number) => number
  readonly index: number
}

/** The line, broken where nothing is known, and, for a line alone, the plane under it. */
function strokes({ times, apart, lines }: ChartData, values: Line['values'], { axis, y, index }: Stroke): SVGElement[] {
  let line = ''
  let plane = ''
  let lastX: number | undefined
  const close = (): void => {
    if (lastX !== undefined) plane += `L${lastX} ${y(0)}Z`
    lastX = undefined
  }
  for (const [point, time] of times.entries()) {
    const value = values[point]
    if (value === undefined || apart[point] === true) close()
    if (value === undefined) continue
    const x = axis.x(time)
    // A line of no length is drawn as a dot: one value between two gaps can be seen.
    line += lastX === undefined ? `M${x} ${y(value)}h0` : `L${x} ${y(value)}`
    plane += lastX === undefined ? `M${x} ${y(0)}L${x} ${y(value)}` : `L${x} ${y(value)}`
    lastX = x
  }
  close()
  const stroke = svg('path', { class: `line c${index}`, d: line })
  return lines.length === 1 ? [svg('path', { class: 'plane', d: plane }), stroke] : [stroke]
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
