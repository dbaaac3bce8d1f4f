import { describe, expect, it } from 'vitest'
import {
  hasCode,
  isPerfError,
  NonRetryable,
  OptionError,
  PerfError,
  StoreSetupError,
  StoreUnavailable,
  TimeoutError,
} from './errors.ts'

const cause = new Error('socket hang up')

describe('every error', () => {
  it.each([
    [new OptionError('bad'), 'OptionError', 'ERR_PERF_OPTION'],
    [new TimeoutError('the load', 5), 'TimeoutError', 'ERR_PERF_TIMEOUT'],
    [new StoreUnavailable('down'), 'StoreUnavailable', 'ERR_PERF_STORE_UNAVAILABLE'],
    [new StoreSetupError('no table'), 'StoreSetupError', 'ERR_PERF_STORE_SETUP'],
    [new NonRetryable('no such user'), 'NonRetryable', 'ERR_PERF_NON_RETRYABLE'],
  ] as const)('is a PerfError with its name and its code: %s', (error, name, code) => {
    expect(error).toBeInstanceOf(PerfError)
    expect(error).toBeInstanceOf(Error)
    expect(error.name).toBe(name)
    expect(error.code).toBe(code)
    expect(String(error)).toMatch(new RegExp(`^${name}: `))
    expect(hasCode(error, code)).toBe(true)
    expect(hasCode(error, 'ERR_PERF_QUERY')).toBe(false)
  })

  it('keeps its cause', () => {
    expect(new StoreUnavailable('down', { cause }).cause).toBe(cause)
    expect(new StoreSetupError('no table', { cause }).cause).toBe(cause)
    expect(new NonRetryable('gone', { cause }).cause).toBe(cause)
    expect(new PerfError('ERR_PERF_QUERY', 'refused', { cause }).cause).toBe(cause)
  })

  it('says what did not answer, and how long it was waited for', () => {
    expect(new TimeoutError('the dedup store', 250).message).toBe('the dedup store did not answer within 250 ms')
  })
})

describe('isPerfError', () => {
  it('knows an error of another copy of the package, where instanceof fails', () => {
    const foreign = Object.assign(new Error('down'), { code: 'ERR_PERF_STORE_UNAVAILABLE' })
    expect(isPerfError(foreign)).toBe(true)
    expect(hasCode(foreign, 'ERR_PERF_STORE_UNAVAILABLE')).toBe(true)
  })

  it('is false for everything else', () => {
    const others = [
      Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
      Object.assign(new Error('numbered'), { code: 23505 }),
      Object.assign(new Error('odd'), { code: null }),
      new Error('plain'),
      { code: 'ERR_PERF_TIMEOUT' },
      'ERR_PERF_TIMEOUT',
      null,
      undefined,
    ]
    for (const other of others) expect(isPerfError(other)).toBe(false)
    for (const other of others) expect(hasCode(other, 'ERR_PERF_TIMEOUT')).toBe(false)
  })
})
