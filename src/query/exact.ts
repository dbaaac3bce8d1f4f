import { OptionError } from '../core/errors.ts'

/** @throws OptionError for a number that stands for its neighbours, too: as an id it would find another row */
export function exact(value: number, where: string): number {
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    throw new OptionError(
      `${where} got a number beyond 2^53, which is not exact; use a bigint, or its digits as a string`,
    )
  return value
}
