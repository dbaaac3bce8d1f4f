/**
 * A whole value that may be a phone number in one of its usual dresses: `+250788000001`, `whatsapp:+250-788-000-001`,
 * `250788000001:12@s.whatsapp.net`. 7 to 15 digits, as E.164 has them; spaces are gone already.
 */
const DRESSED =
  /^(?:([a-z]{1,16}):)?([+＋]|00(?=[1-9]))?(\(?\p{Nd}(?:[\p{Pd}().]{0,3}\p{Nd}){6,14})(?::\d{1,3})?(@[a-z.]{1,32})?$/iu

/** Spaces of all kinds, and what address books put around numbers and nobody sees. */
const UNSEEN = /[\s\p{Cf}]/gu

/** Words before a colon after which stands nothing but a phone number. */
const SCHEME = /^(?:callto|fax|mobile|msisdn|phone|signal|sms|tel|telegram|viber|wa|whatsapp)$/i

/** Names of labels that hold the number of a person. */
const TELLING = /phone|msisdn|mobile|whatsapp|wa_?id|recipient|sender|contact|(?:^|_)(?:from|to|tel)$/i

/** The business's own number at Meta, and not a person's. */
const HARMLESS = /phone_?number_?id$/i

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/

/** `yyyymmdd`, and with the time behind it. */
const BARE_DATE =
  /^(?:19|20)\d\d[-.]?(?:0[1-9]|1[0-2])[-.]?(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])[0-5]\d[0-6]\d)?$/
/** A date with signs in it, and whatever comes behind. */
const SIGNED_DATE = /^(?:19|20)\d\d[-.]?(?:0[1-9]|1[0-2])[-.]?(?:0[1-9]|[12]\d|3[01])(?:[-.]|$)/

/**
 * The country codes that are assigned. Numbers of zone 1 and 7 have 11 digits, always; so a time in seconds or
 * milliseconds since 1970, which begins with 1 until 2033 and has 10 or 13, is none.
 *
 * Source: ITU-T E.164, list of assigned country codes (https://www.itu.int/pub/T-SP-E.164D)
 */
const COUNTRY =
  /^(?:[17]\d{10}$|2(?:[07]|1[1-368]|[2346]\d|5[0-8]|9[01789])|3(?:[0-469]|[57]\d|8[0-35-79])|4(?:[013-9]|2[013])|5(?:[1-8]|[09]\d)|6(?:[0-6]|7[02-9]|8[0-35-9]|9[0-2])|8(?:[1246]|0[08]|5[02356]|7[08]|8[0-368])|9(?:[0-58]|6\d|7[0-79]|9[2-68]))/

/** A national number with its leading 0, as people write it to each other. */
const NATIONAL = /^0[1-9]\d{7,9}$/

/** Fewer digits with signs between them are ranges, versions and times. */
const FEWEST_GROUPED = 10
const FEWEST = 8

/** Whether a label is there for a phone number, by its name. */
export function isTelling(label: string): boolean {
  return TELLING.test(label) && !HARMLESS.test(label)
}

/**
 * Whether a text can be a phone number. With a plus, a scheme or a messenger's domain around it, or in a label whose name
 * says so, all numbers of the right length are; alone it must begin with a country code that is assigned, and be no IPv4
 * address, date, version or epoch.
 */
export function mayBePhone(value: string, telling: boolean): boolean {
  const [, scheme = '', plus, number = '', domain] = DRESSED.exec(value.replace(UNSEEN, '')) ?? []
  if (number === '') return false
  if (plus !== undefined || domain !== undefined || SCHEME.test(scheme)) return true
  const digits = number.replace(/\P{Nd}/gu, '')
  if (digits.length < FEWEST) return false
  // Nobody writes an address or a date in the digits of another script.
  if (telling || !/^\d+$/.test(digits)) return true
  if (number !== digits) return isGrouped(number) && digits.length >= FEWEST_GROUPED && isCallable(digits)
  return !BARE_DATE.test(digits) && isCallable(digits)
}

function isCallable(digits: string): boolean {
  return NATIONAL.test(digits) || COUNTRY.test(digits)
}

/** Whether digits are grouped as those of phone numbers are. */
function isGrouped(number: string): boolean {
  if (IPV4.test(number) || SIGNED_DATE.test(number)) return false
  const groups = number.split(/\D+/).filter((group) => group !== '')
  const [first = '', ...others] = groups
  // A country or area code is short; a range, a year and a number of an order are not.
  if (first.length > (first.startsWith('0') ? 5 : 3)) return false
  if (!/^[\d.]+$/.test(number)) return true
  // One point makes a fraction; a group of one digit behind the first, or a date among them, a version.
  return others.length > 1 && !others.some((group) => group.length === 1 || BARE_DATE.test(group))
}
