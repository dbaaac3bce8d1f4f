import { expect, it } from 'vitest'
import { codeOf } from './fact.ts'
import { TimeoutError } from './errors.ts'

it('tells the code of an error, and nothing else of it', () => {
  expect(codeOf(new TimeoutError('the load', 5))).toEqual({ code: 'ERR_PERF_TIMEOUT' })
  expect(codeOf(Object.assign(new Error('+250788000001'), { code: '42P01', detail: 'secret' }))).toEqual({
    code: '42P01',
  })
})

it('tells nothing of what has no code in words', () => {
  for (const thrown of [new Error('plain'), { code: 5 }, 'text', 7, null, undefined]) expect(codeOf(thrown)).toEqual({})
  for (const code of ['', 'no such user +250788000001', '250788000001', 'wa:250788000001', 'x'.repeat(65)])
    expect(codeOf({ code })).toEqual({})
})
