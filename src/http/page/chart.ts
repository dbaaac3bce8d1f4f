import { draw, TimeAxis, type ChartData } from './chart-drawing.ts'
import { html, say, svg } from './dom.ts'
import { ago, UNKNOWN, type Format } from './format.ts'

/** What a chart is about. */
export interface ChartOptions {
  readonly title: string
  /** What its numbers mean, in a few words. */
  readonly note: string
  /** What to do so that there is something to draw. */
  readonly hint: string
  /** Values with their unit. */
  readonly format: Format
  /** The top of the scale, where it is known. */
  readonly top?: number
  /** Is told which point in time the reader looks at; undefined for the newest. */
  readonly onLook: (time: number | undefined) => void
}

/** Points to the left and to the right, for the keys that move the cursor. */
const MOVES: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -10,
  PageDown: 10,
  Home: -Infinity,
  End: Infinity,
}

/** Lines over time, with a legend that shows the values at the point that the reader looks at. */
export class Chart {
  readonly element: HTMLElement
  readonly head: HTMLElement
  readonly #options: ChartOptions
  readonly #legend = html('ul', { class: 'legend' })
  readonly #when = html('span', { class: 'when' })
  readonly #plot: HTMLElement
  #data: ChartData = { times: [], apart: [], restarted: [], lines: [] }
  #cursor: number | undefined

  constructor(options: ChartOptions) {
    this.#options = options
    this.#plot = html('div', { class: 'plot' })
    this.head = html('div', { class: 'head' }, html('h2', {}, options.title), this.#when)
    this.element = html('section', { class: 'card' }, this.head, html('p', { class: 'note' }, options.note))
    this.element.append(this.#legend, this.#plot)
    this.#listen()
    new ResizeObserver(() => this.#render()).observe(this.#plot)
  }

  /** Draws anew; `look` is the point in time that the reader looks at. */
  show(data: ChartData, look: number | undefined): void {
    this.#data = data
    const found = look === undefined ? -1 : data.times.indexOf(look)
    this.#cursor = found === -1 ? undefined : found
    this.#render()
  }

  #render(): void {
    const { lines } = this.#data
    const { format, top } = this.#options
    const known = lines.some(({ values }) => values.some((value) => value !== undefined))
    this.#legend.replaceChildren(...(known ? lines.map((_, index) => this.#legendItem(index)) : []))
    this.#describe(known)
    if (!known) return this.#plot.replaceChildren(this.#nothing())
    const width = Math.max(160, this.#plot.clientWidth)
    this.#plot.replaceChildren(draw(this.#data, { width, format, top, cursor: this.#cursor }))
  }

  /** Why there is nothing to see: nobody has answered, nothing happened while this page looked, or nothing is collected. */
  #nothing(): HTMLElement {
    const { times, lines } = this.#data
    if (times.length === 0) return html('p', { class: 'empty' }, 'Waiting for the first answer')
    if (lines.length > 0) return html('p', { class: 'empty' }, 'Nothing has happened since this page was opened')
    return html('p', { class: 'empty' }, html('b', {}, 'Nothing collected yet'), html('span', {}, this.#options.hint))
  }

  /** The value at the cursor, or the last one. */
  #value(index: number): string {
    const value = this.#data.lines[index]?.values.at(this.#cursor ?? -1)
    return value === undefined ? UNKNOWN : this.#options.format(value)
  }

  #legendItem(index: number): HTMLElement {
    const swatch = svg('svg', { viewBox: '0 0 26 8', width: 26, height: 8, 'aria-hidden': 'true' })
    swatch.append(svg('path', { class: `line c${index}`, d: 'M2 4H24' }))
    const label = html('bdi', {}, this.#data.lines[index]?.label ?? '')
    return html('li', {}, swatch, label, html('b', {}, this.#value(index)))
  }

  /** For a screen reader the chart is a slider over time: its value text is what can be read at the cursor. */
  #describe(known: boolean): void {
    const { times, lines } = this.#data
    const at = this.#cursor ?? times.length - 1
    const age = ago((times.at(-1) ?? 0) - (times[at] ?? 0))
    say(this.#when, this.#cursor === undefined ? '' : age)
    const slider = {
      role: 'slider',
      tabindex: 0,
      'aria-label': `${this.#options.title} over time`,
      'aria-valuemin': 0,
      'aria-valuemax': Math.max(0, times.length - 1),
      'aria-valuenow': Math.max(0, at),
      'aria-valuetext': `${age}: ${lines.map(({ label }, index) => `${label} ${this.#value(index)}`).join(', ')}`,
    }
    for (const [name, value] of Object.entries(slider))
      if (known) this.#plot.setAttribute(name, String(value))
      else this.#plot.removeAttribute(name)
  }

  #listen(): void {
    const { onLook } = this.#options
    this.#plot.addEventListener('pointermove', ({ clientX }) => onLook(this.#nearest(clientX)))
    for (const end of ['pointerleave', 'pointercancel', 'blur'])
      this.#plot.addEventListener(end, () => onLook(undefined))
    this.#plot.addEventListener('keydown', (event) => {
      const { times } = this.#data
      const move = MOVES[event.key]
      if (event.key === 'Escape') onLook(undefined)
      if (move === undefined || times.length === 0) return
      event.preventDefault()
      const last = times.length - 1
      onLook(times[Math.min(last, Math.max(0, (this.#cursor ?? last) + move))])
    })
  }

  /** The point whose time is nearest to where the pointer is. */
  #nearest(clientX: number): number | undefined {
    const { left, width } = this.#plot.getBoundingClientRect()
    const { times } = this.#data
    const wanted = new TimeAxis(times, width).timeAt(clientX - left)
    const near = (time: number): number => Math.abs(time - wanted)
    return times.length === 0 ? undefined : times.reduce((best, time) => (near(time) < near(best) ? time : best))
  }
}
