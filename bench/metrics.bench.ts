/** The metrics against prom-client: recording, scraping, memory, size. */
import type { Comparison } from './harness.ts'
import { heap } from './metrics-heap.ts'
import { recordings } from './metrics-record.ts'
import { scrapes } from './metrics-scrape.ts'
import { sizes } from './metrics-size.ts'
import { sketches } from './metrics-sketch.ts'

// The bundle is also the program of the process that counts memory.
export { measureSeries } from './metrics-heap.ts'

export async function run(): Promise<Comparison[]> {
  return [...(await recordings()), ...(await sketches()), ...(await scrapes()), ...heap(), ...(await sizes())]
}
