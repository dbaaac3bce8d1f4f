import { OptionError } from '../core/errors.ts'

/** @throws OptionError `ERR_PERF_OPTION` when there are no digits in `phone` */
export function digitsOf(phone: string): string {
  const digits = typeof phone === 'string' ? phone.replace(/\D/g, '') : ''
  if (digits === '') throw new OptionError('phone must hold digits')
  return digits
}
