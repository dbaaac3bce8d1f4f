import { expect, it } from 'vitest'
import { arrayText } from './array-text.ts'

it('arrayText quotes every element, so that none can end the array', () => {
  expect(arrayText(['a,b', 'say "hi"', 'back\\slash', '', 'NULL', '}'])).toBe(
    String.raw`{"a,b","say \"hi\"","back\\slash","","NULL","}"}`,
  )
  expect(arrayText([1, true, null, new Date(0), { a: 'b' }, 9n])).toBe(
    String.raw`{"1","true",NULL,"1970-01-01T00:00:00.000Z","{\"a\":\"b\"}","9"}`,
  )
  expect(arrayText([[1, 2], [3]])).toBe('{{"1","2"},{"3"}}')
  expect(arrayText([])).toBe('{}')
})
