import { describe, expect, it } from 'vitest'
import { parseOpenMetricsText } from '../../test/support/open-metrics-text.ts'
import { parsePrometheusText } from '../../test/support/prometheus-text.ts'

const COUNTER = '# HELP a_total A\n# TYPE a_total counter\n'
const GAUGE = '# HELP b B\n# TYPE b gauge\n'
const HISTOGRAM = '# HELP h_seconds H\n# TYPE h_seconds histogram\n'
const lines = (labels: string, [one, all, sum, count]: readonly [string, string, string, string]): string =>
  [`_bucket{${labels}le="1.0"} ${one}`, `_bucket{${labels}le="+Inf"} ${all}`, `_sum{${labels}} ${sum}`, `_count{${labels}} ${count}`] // prettier-ignore
    .map((line) => `h_seconds${line}\n`.replace(',}', '}').replace('{}', ''))
    .join('')
const GOOD = lines('', ['1', '2', '3.5', '2'])
const OPEN_COUNTER = '# TYPE a counter\n# HELP a A\n'
const OPEN_HISTOGRAM = '# TYPE h_seconds histogram\n# UNIT h_seconds seconds\n# HELP h_seconds H\n'

describe('the reader of the text format 0.0.4', () => {
  const good = `${COUNTER}a_total{x="1"} 1\na_total{x="2"} 1e+21\n${GAUGE}b -1.5\n${HISTOGRAM}${GOOD}`

  it('reads what is right', () => {
    expect([...parsePrometheusText(good).keys()]).toEqual(['a_total', 'b', 'h_seconds'])
    expect(parsePrometheusText('').size).toBe(0)
  })

  const forged: readonly (readonly [what: string, text: string, rule: RegExp])[] = [
    ['a missing last LF', good.slice(0, -1), /end in LF/],
    ['CRLF', good.replaceAll('\n', '\r\n'), /a type must be known/],
    ['a blank line', `${good}\n`, /begin with a name/],
    ['an unknown type', '# HELP a A\n# TYPE a info\na 1\n', /type must be known/],
    ['a type without help', '# TYPE a gauge\na 1\n', /HELP must stand before/],
    ['an empty help', '# HELP b \n# TYPE b gauge\nb 1\n', /must have a help/],
    ['a sample in front of its type', `a_total 1\n${COUNTER}`, /follow its TYPE/],
    ['a sample behind another help', `${COUNTER}a_total 1\n# HELP b B\nb 1\n`, /follow its TYPE/],
    ['a family without samples', COUNTER, /must have a sample/],
    ['a family that is split', `${COUNTER}a_total 1\n${GAUGE}b 1\n${COUNTER}a_total{x="1"} 1\n`, /stand together and once/], // prettier-ignore
    ['a sample of another family', `${GAUGE}b 1\na_total 1\n`, /belong to its family/],
    ['a sample of two families', `${HISTOGRAM}${GOOD}# HELP h_seconds_count H\n# TYPE h_seconds_count gauge\nh_seconds_count 1\n`, /two families/], // prettier-ignore
    ['a series that stands twice', `${COUNTER}a_total{x="1",y="2"} 1\na_total{y="2",x="1"} 1\n`, /stand together|repeat a series/], // prettier-ignore
    ['other labels in another series', `${COUNTER}a_total{x="1"} 1\na_total{y="1"} 1\n`, /same labels/],
    ['a label that stands twice', `${COUNTER}a_total{x="1",x="2"} 1\n`, /stand once/],
    ['a reserved label', `${COUNTER}a_total{__x="1"} 1\n`, /begin with __/],
    ['a comma behind the last label', `${COUNTER}a_total{x="1",} 1\n`, /well-formed/],
    ['empty braces', `${COUNTER}a_total{} 1\n`, /well-formed/],
    ['labels without a comma', `${COUNTER}a_total{x="1"y="2"} 1\n`, /well-formed/],
    ['an unescaped quote', `${COUNTER}a_total{x="1"2"} 1\n`, /well-formed/],
    ['an unknown escape', `${COUNTER}a_total{x="\\t"} 1\n`, /well-formed/],
    ['half a character', `${COUNTER}a_total{x="\ud800"} 1\n`, /UTF-8/],
    ['a time', `${COUNTER}a_total 1 1700000000000\n`, /one value/],
    ['two blanks', `${COUNTER}a_total  1\n`, /one value/],
    ['a value that is none', `${COUNTER}a_total one\n`, /must be a number/],
    ["JavaScript's Infinity", `${GAUGE}b Infinity\n`, /must be a number/],
    ['a counter below 0', `${COUNTER}a_total -1\n`, /not negative/],
    ['a counter that is NaN', `${COUNTER}a_total NaN\n`, /not negative/],
    ['le outside of a histogram', `${GAUGE}b{le="1.0"} 1\n`, /le is for buckets/],
    ['quantile outside of a summary', `${GAUGE}b{quantile="0.5"} 1\n`, /quantile is for summaries/],
    ['a bucket without le', HISTOGRAM + GOOD.replace('{le="1.0"}', ''), /le is for buckets/],
    ['no bucket +Inf', HISTOGRAM + GOOD.replace(/.*Inf.*\n/, ''), /last bucket must be \+Inf/],
    ['buckets that fall', HISTOGRAM + lines('', ['3', '2', '1', '2']), /add up/],
    ['bounds that fall', HISTOGRAM + GOOD.replace('1.0', '5.0').replace('+Inf', '1.0'), /le must ascend/],
    ['half a count', HISTOGRAM + lines('', ['0.5', '2', '1', '2']), /counts must be whole/],
    ['le that is not canonical', HISTOGRAM + GOOD.replace('"1.0"', '"1"'), /spelled canonically/],
    ['le with a needless power', HISTOGRAM + GOOD.replace('"1.0"', '"1e0"'), /spelled canonically/],
    ['a count that is not the last bucket', HISTOGRAM + lines('', ['1', '2', '3', '3']), /_count must be the last/],
    ['no sum', HISTOGRAM + GOOD.replace(/.*_sum.*\n/, ''), /one _sum and one _count/],
    ['no count', HISTOGRAM + GOOD.replace(/.*_count.*\n/, ''), /one _sum and one _count/],
    ['a sum among the buckets', HISTOGRAM + GOOD.split('\n').toSorted((a, b) => Number(b.includes('_sum')) - Number(a.includes('_sum'))).filter(Boolean).join('\n') + '\n', /buckets must come first/], // prettier-ignore
    ['series that are mixed', HISTOGRAM + lines('x="1",', ['1', '1', '1', '1']).replace(/(?<=.*\n)/, lines('x="2",', ['1', '1', '1', '1'])), /stand together/], // prettier-ignore
  ]
  for (const [what, text, rule] of forged)
    it(`refuses ${what}`, () => {
      expect(() => parsePrometheusText(text)).toThrow(rule)
    })
})

describe('the reader of OpenMetrics', () => {
  const good = `${OPEN_COUNTER}a_total{x="1"} 1\n# TYPE b gauge\n# HELP b B "quoted\\"\nb NaN\n${OPEN_HISTOGRAM}${GOOD}# EOF\n`
    .replace('"quoted', '\\"quoted') // prettier-ignore

  it('reads what is right', () => {
    const families = parseOpenMetricsText(good)
    expect(families.get('h_seconds')).toMatchObject({ type: 'histogram', unit: 'seconds', help: 'H' })
    expect(families.get('b')?.help).toBe('B "quoted"')
    expect(parseOpenMetricsText('# EOF\n').size).toBe(0)
    const noSum = GOOD.replace('1.0', '-1.0').replace(/.*_(?:sum|count).*\n/g, '')
    expect(parseOpenMetricsText(`${OPEN_HISTOGRAM}${noSum}# EOF\n`).size).toBe(1)
  })

  const forged: readonly (readonly [what: string, text: string, rule: RegExp])[] = [
    ['no end', good.replace('# EOF\n', ''), /# EOF/],
    ['an end without LF', good.slice(0, -1), /# EOF/],
    ['something behind the end', `${good}b 1\n`, /# EOF/],
    ['a second end', `${good}# EOF\n`, /TYPE, UNIT or HELP/],
    ['an end in the last line', '# TYPE b gauge\n# HELP b B\nb 1# EOF\n', /# EOF/],
    ['a blank line', good.replace('# TYPE b', '\n# TYPE b'), /begin with a name/],
    ['a comment', good.replace('# TYPE b', '# made by hand\n# TYPE b'), /TYPE, UNIT or HELP/],
    ['help in front of type', '# HELP b B\n# TYPE b gauge\nb 1\n# EOF\n', /in this order/],
    ['help in front of unit', '# TYPE b_bytes gauge\n# HELP b_bytes B\n# UNIT b_bytes bytes\nb_bytes 1\n# EOF\n', /in this order/], // prettier-ignore
    ['help behind a sample', '# TYPE b gauge\nb 1\n# HELP b B\n# EOF\n', /in this order/],
    ['no help', '# TYPE b gauge\nb 1\n# EOF\n', /must have a help/],
    ['help of another family', '# TYPE b gauge\n# HELP c C\nb 1\n# EOF\n', /of the family above/],
    ['a quote in a help', '# TYPE b gauge\n# HELP b "B"\nb 1\n# EOF\n', /help must be escaped/],
    ['a unit that the name does not end in', '# TYPE b gauge\n# UNIT b bytes\n# HELP b B\nb 1\n# EOF\n', /what the name ends in/], // prettier-ignore
    [
      'a family called _total',
      '# TYPE a_total counter\n# HELP a_total A\na_total 1\n# EOF\n',
      /must not be called _total/,
    ],
    ['a counter without _total', `${OPEN_COUNTER}a 1\n# EOF\n`, /belong to its family/],
    ['a family that stands twice', `${OPEN_COUNTER}a_total 1\n${OPEN_COUNTER}a_total{x="1"} 1\n# EOF\n`, /together and once/], // prettier-ignore
    ['an exemplar', `${OPEN_COUNTER}a_total 1 # {trace_id="x"} 1\n# EOF\n`, /one value/],
    ['untyped', '# TYPE b untyped\n# HELP b B\nb 1\n# EOF\n', /type must be known/],
    ['a counter that is NaN', `${OPEN_COUNTER}a_total NaN\n# EOF\n`, /not negative/],
    ['a sum below 0', `${OPEN_HISTOGRAM}${lines('', ['1', '2', '-1', '2'])}# EOF\n`, /_sum must not be negative/],
    ['a sum beside bounds below 0', `${OPEN_HISTOGRAM}${GOOD.replace('1.0', '-1.0')}# EOF\n`, /no _sum with bounds below 0/], // prettier-ignore
    ['a count without a sum', `${OPEN_HISTOGRAM}${GOOD.replace(/.*_sum.*\n/, '')}# EOF\n`, /one _sum and one _count/],
  ]
  for (const [what, text, rule] of forged)
    it(`refuses ${what}`, () => {
      expect(() => parseOpenMetricsText(text)).toThrow(rule)
    })
})
