/** The round numbers at the side of a chart, from 0 up; the last one is the top of the chart. */
export function ticks(highest: number): readonly number[] {
  // A flat line at 0 still needs a scale.
  const rough = (highest > 0 ? highest : 1) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 2.5, 5].find((nice) => nice * power >= rough * 0.999_999) ?? 10)
  const steps = Math.max(1, Math.ceil((highest > 0 ? highest : 1) / step - 1e-6))
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(12)))
}

/** How many milliseconds a chart shows: it grows with what there is, so that a new page is not an empty one. */
export function spanOf(known: number): number {
  return [60_000, 120_000].find((span) => known <= span) ?? 300_000
}
