import { expect, it } from 'vitest'
import { repeatingConflicts } from './sql-functions.ts'

const withCode = (code: string): Error => Object.assign(new Error('refused'), { code })

function failing(...errors: readonly Error[]): () => Promise<unknown> {
  const left = [...errors]
  return async () => {
    const error = left.shift()
    if (error !== undefined) throw error
    return 'an answer'
  }
}

it('repeats a deadlock and a conflict of serializable transactions', async () => {
  const call = repeatingConflicts(failing(withCode('40P01'), withCode('40001'), withCode('40P01')))
  expect(await call('f', {})).toBe('an answer')
})

it('throws the conflict that has ended the caller’s transaction, not what a repetition in it is told', async () => {
  const conflict = withCode('40001')
  await expect(repeatingConflicts(failing(conflict, withCode('25P02')))('f', {})).rejects.toBe(conflict)
})

it('throws a transaction that had failed before as it is', async () => {
  const failed = withCode('25P02')
  await expect(repeatingConflicts(failing(failed))('f', {})).rejects.toBe(failed)
})
