import { knownOptions } from '../core/check.ts'
import { sameSecret } from '../core/constant-time.ts'
import { OptionError } from '../core/errors.ts'

/** Who may read: whoever brings one of the tokens as `Authorization: Bearer <token>`, or everybody. */
export type Access = { readonly tokens: readonly string[] } | 'public'

/** @throws OptionError `ERR_PERF_OPTION`; an empty token would let everybody in who sends none */
export function checkAccess(access: unknown): void {
  if (access === undefined || access === 'public') return
  const tokens: unknown =
    typeof access === 'object' && access !== null && 'tokens' in access ? access.tokens : undefined
  // Others could not be sent in a header.
  const usable = (token: unknown): boolean => typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)
  if (!Array.isArray(tokens) || tokens.length === 0 || !tokens.every(usable))
    throw new OptionError(
      "access must be 'public' or { tokens: [...] } with tokens of visible ASCII characters that are not empty",
    )
  knownOptions(access as object, 'tokens')
}

/** True when the request brings one of the tokens. All are compared, and each in full, whatever the first character says. */
export function bringsToken(request: Request, tokens: readonly string[]): boolean {
  const [, given = ''] = /^Bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '') ?? []
  let matches = 0
  for (const token of tokens) matches += sameSecret(given, token) ? 1 : 0
  return matches > 0
}
