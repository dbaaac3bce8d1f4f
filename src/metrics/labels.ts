import { isTelling, mayBePhone } from './phone-number.ts'

/** Longer label values are cut, so that a body used as a label by mistake costs little. In UTF-16 units. */
const LONGEST_VALUE = 128

/** Half a character, which UTF-8 cannot write. */
const LONE_SURROGATE = /\p{Surrogate}/gu

/** What stands in place of a phone number. */
export const REDACTED = 'redacted'

/** A text as it can be shown: at most 128 characters, no lone surrogates. */
export function shownText(value: string): string {
  return value.slice(0, LONGEST_VALUE).replace(LONE_SURROGATE, '')
}

/** A label value that is fit to be shown: as {@link shownText}, and {@link REDACTED} when it can be a phone number. */
export function cleanValue(value: string, label: string): string {
  const text = shownText(value)
  return mayBePhone(text, isTelling(label)) ? REDACTED : text
}
