import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { braces, labelText } from '../../core/metrics-text.ts'
import { parseKey } from './label-key.ts'

describe('parseKey', () => {
  it('takes a name without labels as it is', () => {
    expect(parseKey('up')).toEqual({ name: 'up', labels: new Map() })
  })

  it('finds the labels, whatever their values hold', () => {
    const { name, labels } = parseKey('a_total{x="1",route="/a\\\\b\\"},y=\\"{\\n",z=""}')
    expect([name, ...labels]).toEqual(['a_total', ['x', '1'], ['route', '/a\\b"},y="{\n'], ['z', '']])
  })

  it('reads back what the metrics document writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (one, other) => {
        const { name, labels } = parseKey(
          `a_total${braces(
            labelText([
              ['one', one],
              ['other', other],
            ]),
          )}`,
        )
        expect([name, labels.get('one'), labels.get('other')]).toEqual(['a_total', one, other])
      }),
    )
  })
})
