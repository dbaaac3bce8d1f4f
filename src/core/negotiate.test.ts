import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptsGzip, preferred } from './negotiate.ts'

const JSON_TYPE = 'application/json'
const TEXT = 'text/plain; version=0.0.4; charset=utf-8'
const OPEN = 'application/openmetrics-text; version=1.0.0; charset=utf-8'
const HTML = 'text/html; charset=utf-8'
const ALL = [JSON_TYPE, TEXT, OPEN, HTML]

describe('preferred', () => {
  const cases: readonly (readonly [accept: string | null, chosen: string | undefined])[] = [
    [null, JSON_TYPE],
    ['', JSON_TYPE],
    [' , ,', JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', HTML],
    ['text/*', TEXT],
    ['text/plain', TEXT],
    ['TEXT/Plain;Version=0.0.4', TEXT],
    ['text/plain;version="0.0.4"', TEXT],
    ['text/plain ; q=0.5 , application/json ; q=0.4', TEXT],
    ['text/plain;q=0.4, application/json;q=0.5', JSON_TYPE],
    ['text/plain;q=0, */*', JSON_TYPE],
    ['application/json;q=0, */*;q=0.1', TEXT],
    ['text/html;q=0.5, text/*;q=0.9', TEXT],
    ['application/openmetrics-text;version=1.0.0', OPEN],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', OPEN],
    ['application/openmetrics-text;version=0.0.1', undefined],
    ['application/openmetrics-text;version=0.0.1, text/plain;q=0.1', TEXT],
    ['image/png', undefined],
    ['*/*;q=0', undefined],
    ['application/json;q=0.000', undefined],
    ['application/json;charset=iso-8859-1', JSON_TYPE],
    // The last word of two that are equally close is the kinder one.
    ['application/json;q=0.1, application/json;q=0.8, text/plain;q=0.5', JSON_TYPE],
    // What stands behind the weight was once an extension, and is none of the type.
    ['text/plain;q=1;level=9', TEXT],
  ]
  for (const [accept, chosen] of cases)
    it(`answers ${JSON.stringify(accept)} with ${chosen ?? 'nothing'}`, () => {
      expect(preferred(accept, ALL)).toBe(chosen)
    })

  it('gives OpenMetrics to a Prometheus 2, and text to one that prefers it', () => {
    const prometheus =
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
    expect(preferred(prometheus, ALL)).toBe(OPEN)
    expect(preferred(prometheus, [JSON_TYPE, TEXT])).toBe(TEXT)
    expect(preferred(prometheus, [JSON_TYPE])).toBe(JSON_TYPE)
  })

  it('gives OpenMetrics to a Prometheus 3, which also says how names may be escaped', () => {
    const prometheus =
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'
    expect(preferred(prometheus, ALL)).toBe(OPEN)
  })

  it('takes the specific word over the general one, wherever it stands', () => {
    for (const accept of [
      'text/plain;version=0.0.4;q=0.1, text/plain;q=0.9',
      'text/plain;q=0.9, text/plain;version=0.0.4;q=0.1',
    ])
      // prettier-ignore
      expect(preferred(`${accept}, application/json;q=0.5`, ALL)).toBe(JSON_TYPE)
  })

  it('hears no member whose weight is no weight', () => {
    for (const q of ['', '1.1', '2', '-1', 'NaN', 'Infinity', '1e-1', '0x1', '.', 'high', '0.5.5'])
      expect(preferred(`text/plain;q=${q}, application/json;q=0.001`, ALL), q).toBe(JSON_TYPE)
  })

  it('is not led astray by separators inside of quotes', () => {
    expect(preferred('text/plain;x="a,text/html;q=0", application/json;q=0.1', [HTML, JSON_TYPE])).toBe(JSON_TYPE)
    expect(preferred('text/plain;x="\\",text/html", application/json;q=0.1', [HTML, JSON_TYPE])).toBe(JSON_TYPE)
    expect(preferred('text/plain;x="never closed, text/html', [HTML])).toBeUndefined()
  })

  it('reads no more than the beginning of a huge header', () => {
    const huge = 'text/html,'.repeat(1_000_000)
    expect(preferred(huge, ALL)).toBe(HTML)
    expect(preferred(`${'a/b,'.repeat(600)}text/html`, ALL)).toBeUndefined()
    // Cut in the middle of its weight, the last member would be wanted most.
    const cut = `${'a/b,'.repeat(505)}application/json;q=0.001,${' '.repeat(10)}text/html`
    expect(preferred(`text/plain;q=0.5,${' '.repeat(2_013)}text/html;q=0.1`, ALL)).toBe(TEXT)
    expect(preferred(cut, ALL)).toBe(JSON_TYPE)
  })

  it('answers any header with one of what is offered, or with nothing', () => {
    const piece = fc.constantFrom(...'*/* text/plain text/* ; , = " \\ q= q=0.5 version=0.0.4 \t a'.split(' '), ' ')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        expect([...ALL, undefined]).toContain(preferred(pieces.join(''), ALL))
      }),
    )
  })
})

describe('acceptsGzip', () => {
  const yes = ['gzip', 'GZIP', 'x-gzip', 'gzip, deflate, br', 'br;q=1, gzip;q=0.2', '*', 'identity;q=0, *;q=0.1', 'gzip;q=1.0, identity; q=0.5, *;q=0', 'gzip, identity'] // prettier-ignore
  const no = [null, '', 'identity', 'br', 'gzip;q=0', 'gzip;q=0.000', '*;q=0', '*, gzip;q=0', 'gzip;q=0, *', 'gzipped', 'gzip;q=0.5, identity', 'gzip;q=x'] // prettier-ignore
  for (const header of yes)
    it(`compresses for ${header}`, () => {
      expect(acceptsGzip(header)).toBe(true)
    })
  for (const header of no)
    it(`does not compress for ${JSON.stringify(header)}`, () => {
      expect(acceptsGzip(header)).toBe(false)
    })
})
