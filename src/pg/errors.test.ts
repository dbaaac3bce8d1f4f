import { describe, expect, it } from 'vitest'
import { TimeoutError } from '../core/errors.ts'
import { pgError } from './errors.ts'

const withCode = (code: string): Error => Object.assign(new Error('secret'), { code })
const codeOf = (error: unknown): unknown => (pgError(error) as { code?: unknown }).code

describe('pgError', () => {
  it('calls what may pass an outage', () => {
    const codes = ['08006', '08P01', '57P01', '57P03', '53300', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'ETIMEDOUT', 'CONNECTION_CLOSED', 'CONNECT_TIMEOUT'] // prettier-ignore
    for (const code of codes) expect(codeOf(withCode(code))).toBe('ERR_PERF_STORE_UNAVAILABLE')
    for (const message of [
      'Connection terminated unexpectedly',
      'Client has encountered a connection error and is not queryable',
      'timeout exceeded when trying to connect',
    ])
      // prettier-ignore
      expect(codeOf(new Error(message))).toBe('ERR_PERF_STORE_UNAVAILABLE')
  })

  it('calls what no retry will help a wrong setup', () => {
    for (const code of ['42P01', '42703', '42501', '42601', '28P01', '28000', '3D000', '3F000'])
      expect(codeOf(withCode(code))).toBe('ERR_PERF_STORE_SETUP')
  })

  it('leaves the rest as it is', () => {
    const rest = [withCode('23505'), withCode('57014'), withCode('22P02'), withCode('40001'), new Error('x'), 'text', undefined, new TimeoutError('x', 1)] // prettier-ignore
    for (const error of rest) expect(pgError(error)).toBe(error)
  })

  it('keeps the error as the cause and its message to itself', () => {
    const cause = withCode('42P01')
    expect(pgError(cause)).toMatchObject({ cause })
    expect(String(pgError(cause))).toBe('StoreSetupError: Postgres is not set up for this (42P01)')
  })
})

it('of a pool or a client that the service has closed itself says so', () => {
  for (const message of ['Cannot use a pool after calling end on the pool', 'Client was closed and is not queryable'])
    expect(pgError(new Error(message))).toMatchObject({
      code: 'ERR_PERF_STORE_UNAVAILABLE',
      message: 'the pool or client of Postgres is closed',
    })
})
