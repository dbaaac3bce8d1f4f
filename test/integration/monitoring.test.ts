import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { layoutFaults, queriesOf, readDashboard } from '../support/dashboard.ts'
import { filledMetrics } from '../support/filled-metrics.ts'
import { parsePrometheusText, type TextSample } from '../support/prometheus-text.ts'
import { groupings, readsOf } from '../support/promql-names.ts'
import { promtool, withFiles } from '../support/promtool.ts'
import { readRules } from '../support/rule-file.ts'

const file = (name: string): URL => new URL(`../../docs/monitoring/${name}`, import.meta.url)
const rules = readRules(readFileSync(file('alerts.yml'), 'utf8'))
const alerts = rules.filter(({ kind }) => kind === 'alert')
const dashboard = readDashboard()
const queries = queriesOf(dashboard)

type Known = ReadonlyMap<string, ReadonlySet<string>>

/** What an expression may name: metrics of the package, of Prometheus, and of our recording rules, with their labels. */
function knownNames(samples: readonly TextSample[]): Known {
  const known = new Map<string, Set<string>>([['up', new Set(['job', 'instance'])]])
  for (const { name, labels } of samples) {
    // A scrape adds the first two, and `defaultLabels` the third.
    const names = known.get(name) ?? new Set(['job', 'instance', 'service'])
    for (const label of Object.keys(labels)) names.add(label)
    known.set(name, names)
  }
  for (const { kind, name, expr } of rules) if (kind === 'record') known.set(name, new Set(recordedLabels(expr, known)))
  return known
}

/** A rule keeps the labels it groups by; one that groups nothing keeps those of the first metric it reads. */
function recordedLabels(expr: string, known: Known): string[] {
  const [first] = groupings(expr)
  const kept = first ?? known.get(readsOf(expr)[0]?.metric ?? '') ?? []
  return [...kept].filter((label) => label !== 'le')
}

/** What the expression names and nobody has. */
function strangers(expr: string, known: Known): string[] {
  return readsOf(expr).flatMap(({ metric, labels }) => {
    const has = known.get(metric)
    if (has === undefined) return [metric]
    return labels.filter((label) => !has.has(label)).map((label) => `${metric}{${label}}`)
  })
}

/** The labels that a text asks for and the result of the expression does not have. */
function missingIn(wanted: Iterable<RegExpMatchArray>, expr: string, known: Known): string[] {
  const groups = groupings(expr)
  const results = groups.length > 0 ? groups : readsOf(expr).map(({ metric }) => [...(known.get(metric) ?? [])])
  return Array.from(wanted, ([, label = '']) => label).filter((label) => !results.every((has) => has.includes(label)))
}

let samples: readonly TextSample[]
let known: Known

beforeAll(async () => {
  const families = parsePrometheusText(await filledMetrics())
  samples = [...families.values()].flatMap((family) => family.samples)
  known = knownNames(samples)
})

describe('the rules', () => {
  it('are accepted by promtool, which counts as many as are read here', async () => {
    const { passed, said } = await promtool('check', 'rules', file('alerts.yml').pathname)
    expect(said).toContain(`SUCCESS: ${rules.length} rules found`)
    expect(passed).toBe(true)
  })

  it('pass their unit tests', async () => {
    const { passed, said } = await promtool('test', 'rules', file('alerts.test.yml').pathname)
    expect(said).toContain('SUCCESS')
    expect(passed).toBe(true)
  })

  it('fail their unit tests when a threshold is moved', async () => {
    const moved = readFileSync(file('alerts.yml'), 'utf8').replace('> 0.05', '>= 0.05')
    await withFiles({ 'alerts.yml': moved, 'alerts.test.yml': file('alerts.test.yml') }, async (folder) => {
      const { passed, said } = await promtool('test', 'rules', `${folder}/alerts.test.yml`)
      expect(said).toContain('EasymoErrorRateHigh')
      expect(passed).toBe(false)
    })
  })

  it('have a unit test for every alert, firing and not', () => {
    const tests = readFileSync(file('alerts.test.yml'), 'utf8')
    for (const { name } of alerts) {
      expect(tests).toContain(`alertname: ${name}\n        exp_alerts: []`)
      expect(tests).toContain(`alertname: ${name}\n        exp_alerts:\n          - exp_labels`)
    }
  })

  it('say how bad it is, what it is, and where the runbook is, which is there', () => {
    const guide = readFileSync(file('README.md'), 'utf8')
    expect(alerts.length).toBeGreaterThan(0)
    for (const { name, text } of alerts) {
      expect(text).toMatch(/severity: (warning|critical)\n/)
      expect(text).toMatch(/summary: '.+'\n/)
      expect(text).toMatch(/description: '.+'\n/)
      expect(text).toContain(`runbook: docs/monitoring/README.md#${name.toLowerCase()}\n`)
      expect(guide).toContain(`\n### ${name}\n`)
    }
    const headings = Array.from(guide.matchAll(/^### (Easymo\w+)$/gm), ([, name]) => name)
    expect(headings.toSorted()).toEqual(alerts.map(({ name }) => name).toSorted())
  })

  it('name metrics and labels that exist', () => {
    expect(rules.flatMap(({ expr }) => strangers(expr, known))).toEqual([])
  })

  it('write of labels that the alert has', () => {
    for (const { name, expr, text } of alerts)
      expect([name, missingIn(text.matchAll(/\$labels\.(\w+)/g), expr, known)]).toEqual([name, []])
  })
})

describe('the scrape configuration', () => {
  it('is accepted by promtool', async () => {
    const example = readFileSync(file('prometheus.yml'), 'utf8')
    const config = example.replace(/credentials_file: \S+/, 'credentials_file: token')
    const files = { 'prometheus.yml': config, 'alerts.yml': file('alerts.yml'), token: 'secret' }
    await withFiles(files, async (folder) => {
      const { passed, said } = await promtool('check', 'config', `${folder}/prometheus.yml`)
      expect(said).toContain(`SUCCESS: ${rules.length} rules found`)
      expect(passed).toBe(true)
    })
  })
})

describe('the dashboard', () => {
  it('is one that Grafana imports: a known schema, a data source to choose, jobs and services to choose from', () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36)
    expect(dashboard.refresh).toBe('30s')
    expect(dashboard.templating.list.map(({ name, type }) => `${type} ${name}`)).toEqual([
      'datasource datasource',
      'query job',
      'query service',
    ])
  })

  it('has no panel over another or over the edge, and none without unit, description or query', () => {
    expect(layoutFaults(dashboard)).toEqual([])
  })

  it('is told when two panels overlap, share an id, or leave something out', () => {
    const [row, first, second] = dashboard.panels
    if (row === undefined || first === undefined || second === undefined) throw new Error('there are no panels')
    const shifted = { ...second, id: first.id, title: 'Shifted', gridPos: first.gridPos }
    const outside = { ...row, title: 'Outside', type: 'stat', id: 999, gridPos: { x: 20, y: 999, w: 5, h: 1 } }
    const faults = layoutFaults({ ...dashboard, panels: [first, shifted, outside] })
    expect(faults).toContain(`id ${first.id} is used twice`)
    expect(faults).toContain(`${first.title} lies over Shifted`)
    expect(faults).toEqual(expect.arrayContaining(['over the edge', 'no unit', 'nothing'].map((fault) => expect.stringContaining(fault)))) // prettier-ignore
  })

  it('asks in expressions that promtool can read', async () => {
    const asRules = queries.map(({ expr }, index) => ({ record: `query:${index}`, expr }))
    const yaml = JSON.stringify({ groups: [{ name: 'dashboard', rules: asRules }] })
    await withFiles({ 'queries.yml': yaml }, async (folder) => {
      const { passed, said } = await promtool('check', 'rules', `${folder}/queries.yml`)
      expect(said).toContain(`SUCCESS: ${queries.length} rules found`)
      expect(passed).toBe(true)
    })
  })

  it('names metrics and labels that exist', () => {
    const variables = dashboard.templating.list.flatMap(({ definition = '' }) => {
      const [, metric, label] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? []
      return metric === undefined ? [] : [`count by (${label}) (${metric})`]
    })
    expect(variables).toHaveLength(2)
    expect([...queries.map(({ expr }) => expr), ...variables].flatMap((expr) => strangers(expr, known))).toEqual([])
  })

  it('names lines by labels that they have', () => {
    for (const { panel, expr, legendFormat } of queries)
      expect([panel, missingIn(legendFormat.matchAll(/\{\{(\w+)\}\}/g), expr, known)]).toEqual([panel, []])
  })

  it('shows a number in every line of every panel, when asked for what the package really writes', async () => {
    await withFiles({ 'queries.test.yml': answersFor(samples) }, async (folder) => {
      const { passed, said } = await promtool('test', 'rules', `${folder}/queries.test.yml`)
      expect(said).toContain('SUCCESS')
      expect(passed).toBe(true)
    })
  })
})

/** A unit test for promtool: every sample grows by 1 a minute, and every query must have an answer that is no NaN. */
function answersFor(series: readonly TextSample[]): string {
  const input = series.map(({ name, labels, value }) => {
    const scraped = Object.entries({ ...labels, job: 'easymo', instance: 'a:80' })
    return {
      series: `${name}{${scraped.map(([label, text]) => `${label}=${JSON.stringify(text)}`).join(',')}}`,
      // More that is timed than that of it which fails.
      values: `${value}+${name.endsWith('_count') ? 3 : 1}x10`,
    }
  })
  const promql = queries.map(({ expr }) => ({
    expr: `count((${expr}) == (${expr})) > bool 0`,
    eval_time: '10m',
    exp_samples: [{ labels: '{}', value: 1 }],
  }))
  return JSON.stringify({
    evaluation_interval: '1m',
    tests: [{ interval: '1m', input_series: input, promql_expr_test: promql }],
  })
}

describe('the search for names that nobody has', () => {
  it('finds a forged metric, and one whose suffix is wrong', () => {
    expect(strangers('sum by (route) (rate(http_requests_forged_total[5m]))', known)).toEqual([
      'http_requests_forged_total',
      'http_requests_forged_total',
    ])
    expect(strangers('cache_hits', known)).toEqual(['cache_hits'])
  })

  it('finds a forged label in a matcher, a grouping and a join', () => {
    expect(strangers('http_requests_total{path="/"}', known)).toEqual(['http_requests_total{path}'])
    expect(strangers('sum by (job, tier) (rate(cache_hits_total[5m]))', known)).toEqual(['cache_hits_total{tier}'])
    expect(strangers('up == 0 and on (pod) up', known)).toEqual(['up{pod}', 'up{pod}'])
  })

  it('is not led astray by functions, words, durations, numbers and strings', () => {
    const expr =
      'histogram_quantile(0.99, rate(up{job="sum by (x) (y)"}[1h])) > bool 1e3 or vector(0) unless up offset 5m'
    expect(readsOf(expr)).toEqual([
      { metric: 'up', labels: ['job'] },
      { metric: 'up', labels: [] },
    ])
  })

  it('finds a line that is named by a label it does not have', () => {
    expect(missingIn('{{route}}'.matchAll(/\{\{(\w+)\}\}/g), 'sum by (job) (http_requests_total)', known)).toEqual(['route']) // prettier-ignore
  })
})
