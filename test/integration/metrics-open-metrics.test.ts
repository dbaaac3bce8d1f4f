import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { performanceMiddleware } from '../../src/http/index.ts'
import { collect, collectRuntime, createMetrics, openMetricsText, type Metrics } from '../../src/metrics/index.ts'
import { parsedElsewhere } from '../support/foreign-parser.ts'
import { parseOpenMetricsText } from '../support/open-metrics-text.ts'

type Definition = readonly [type: 'counter' | 'gauge' | 'histogram' | 'collected', name: string]

/** A registry of these metrics, without those that it refuses beside the others. */
function registryOf(definitions: readonly Definition[]): { readonly metrics: Metrics; readonly refused: string[] } {
  const metrics = createMetrics()
  const refused: string[] = []
  for (const [type, name] of definitions)
    try {
      if (type === 'counter') metrics.counter(`${name}_total`, { help: 'C' }).inc()
      else if (type === 'gauge') metrics.gauge(name, { help: 'G' }).set(1)
      else if (type === 'histogram') metrics.histogram(name, { help: 'H', buckets: [1, 2] }).observe(1.5)
      else {
        const sample = { type: 'gauge' as const, name, help: 'S', labels: [], value: 1 }
        metrics.addSource({ kind: 'custom', name, read: () => ({}), samples: () => [sample] })
      }
    } catch {
      refused.push(name)
    }
  return { metrics, refused }
}

describe('names that OpenMetrics reserves', () => {
  it.each<[string, readonly Definition[], string[], string[]]>([
    [
      'a counter beside the one of its creations',
      [
        ['counter', 'users'],
        ['counter', 'users_created'],
      ],
      [],
      ['TYPE users counter', 'TYPE users_created_total unknown'],
    ],
    [
      'the same, defined the other way round',
      [
        ['counter', 'users_created'],
        ['counter', 'users'],
      ],
      [],
      ['TYPE users counter', 'TYPE users_created_total unknown'],
    ],
    [
      'a counter beside a gauge of its name',
      [
        ['counter', 'users'],
        ['gauge', 'users'],
      ],
      [],
      ['TYPE users_total unknown', 'TYPE users gauge'],
    ],
    [
      'a counter beside a gauge of its creation',
      [
        ['counter', 'users'],
        ['gauge', 'users_created'],
      ],
      [],
      ['TYPE users_total unknown'],
    ],
    [
      'a counter of what a histogram counts',
      [
        ['histogram', 'foo'],
        ['counter', 'foo_bucket'],
      ],
      [],
      ['TYPE foo_bucket_total unknown'],
    ],
    [
      'a counter of what a histogram was created',
      [
        ['counter', 'foo_created'],
        ['histogram', 'foo'],
      ],
      [],
      ['TYPE foo_created_total unknown'],
    ],
    [
      'a histogram beside a gauge of its creation',
      [
        ['histogram', 'foo'],
        ['gauge', 'foo_created'],
      ],
      ['foo_created'],
      ['TYPE foo histogram'],
    ],
    [
      'the same, defined the other way round',
      [
        ['gauge', 'foo_created'],
        ['histogram', 'foo'],
      ],
      ['foo'],
      ['TYPE foo_created gauge'],
    ],
    [
      'two histograms',
      [
        ['histogram', 'foo_created'],
        ['histogram', 'foo'],
      ],
      ['foo'],
      ['TYPE foo_created histogram'],
    ],
    [
      'a histogram beside what was collected',
      [
        ['histogram', 'foo'],
        ['collected', 'foo_created'],
      ],
      [],
      ['TYPE foo histogram'],
    ],
  ])("are nobody else's: %s", async (...[, definitions, refused, types]) => {
    const built = registryOf(definitions)
    const text = openMetricsText(built.metrics)
    expect(built.refused).toEqual(refused)
    for (const type of types) expect(text).toContain(`# ${type}\n`)
    expect(() => parseOpenMetricsText(text)).not.toThrow()
    expect(await parsedElsewhere([text])).toEqual([[parseOpenMetricsText(text).size, null]])
  })

  it("are nobody else's in any set of metrics, says a parser of somebody else", async () => {
    const stem = fc.constantFrom(
      'a',
      'a_created',
      'a_created_created',
      'a_total',
      'b',
      'b_created',
      'a_bucket',
      'a_info',
    )
    const one = fc.tuple(fc.constantFrom('counter' as const, 'gauge' as const, 'histogram' as const, 'collected' as const), stem) // prettier-ignore
    const sets = fc.sample(fc.array(one, { minLength: 2, maxLength: 6 }), { numRuns: 400, seed: 7 })
    const texts = sets.map((definitions) => openMetricsText(registryOf(definitions).metrics))
    texts.forEach((text) => expect(() => parseOpenMetricsText(text), text).not.toThrow())
    const refused = (await parsedElsewhere(texts)).flatMap(([, why], at) => (why === null ? [] : [[why, texts[at]]]))
    expect(refused).toEqual([])
  })
})

describe('a parser of somebody else', () => {
  it('reads a scrape of everything, and refuses what was refused before', async () => {
    const metrics = createMetrics({ defaultLabels: { service: 'core', odd: 'a"b\\c\nd' } })
    const measured = performanceMiddleware({ service: 'core', metrics, routes: ['/webhook'] })
    await measured(() => new Response('ok'))(new Request('http://localhost/'))
    collect(metrics, 'cache', 'profile', () => ({ hits: 1, misses: 2, size: 3 }))
    const end = collectRuntime(metrics)
    const text = openMetricsText(metrics)
    end()
    const clash =
      '# TYPE a counter\n# HELP a A\na_total 1\n# TYPE a_created counter\n# HELP a_created B\na_created_total 1\n# EOF\n'
    const [good, bad] = await parsedElsewhere([text, clash])
    expect(good).toEqual([parseOpenMetricsText(text).size, null])
    expect(bad?.[1]).toContain('Clashing name')
    expect(() => parseOpenMetricsText(clash)).toThrow()
  })
})
