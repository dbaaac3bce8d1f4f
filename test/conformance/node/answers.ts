/** One answer, taken apart by the framing that RFC 9112, section 6.3, prescribes to a client. */
export interface Answer {
  readonly status: number
  /** In small letters; the values of a repeated field joined by `|`. */
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Reads answers as a strict client does. Whatever does not belong to any of them is an error: it would be taken for the
 * beginning of the next one.
 *
 * @param methods - of the requests, in their order; 1xx answers none of them
 */
export function answersIn(bytes: string, methods: readonly string[]): Answer[] {
  const answers: Answer[] = []
  const waiting = [...methods]
  for (let rest = bytes; rest !== '';) {
    const [answer, after] = oneAnswer(rest, waiting[0] ?? 'GET')
    answers.push(answer)
    if (answer.status >= 200) waiting.shift()
    rest = after
  }
  return answers
}

function oneAnswer(bytes: string, method: string): [answer: Answer, rest: string] {
  const end = bytes.indexOf('\r\n\r\n')
  const [line = '', ...lines] = bytes.slice(0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.1 ([1-5]\d\d) [^\r\n]*$/.exec(line)?.[1])
  if (end === -1 || Number.isNaN(status)) throw new Error(`no answer begins with ${JSON.stringify(bytes.slice(0, 60))}`)
  const fields: Record<string, string> = {}
  for (const field of lines) {
    const [, name = '', value = ''] = /^([^\s:]+):[ \t]*(.*)$/.exec(field) ?? []
    if (name === '') throw new Error(`no field: ${JSON.stringify(field)}`)
    const key = name.toLowerCase()
    fields[key] = key in fields ? `${fields[key]}|${value}` : value
  }
  const [body, rest] = bodyOf(bytes.slice(end + 4), { fields, hasNone: hasNoBody(status, method) })
  return [{ status, fields, body }, rest]
}

function hasNoBody(status: number, method: string): boolean {
  return method === 'HEAD' || status < 200 || status === 204 || status === 304
}

interface Framing {
  readonly fields: Answer['fields']
  readonly hasNone: boolean
}

function bodyOf(bytes: string, { fields, hasNone }: Framing): [body: string, rest: string] {
  const { 'content-length': length, 'transfer-encoding': coding } = fields
  if (length !== undefined && coding !== undefined) throw new Error('both a length and a transfer coding')
  if (hasNone) return ['', bytes]
  if (coding === 'chunked') return chunksOf(bytes)
  if (coding !== undefined) throw new Error(`transfer coding ${coding}`)
  if (length === undefined) return [bytes, '']
  if (!/^\d+$/.test(length)) throw new Error(`a length of ${length}`)
  if (bytes.length < Number(length)) throw new Error(`the answer breaks off: ${bytes.length} of ${length} bytes`)
  return [bytes.slice(0, Number(length)), bytes.slice(Number(length))]
}

function chunksOf(bytes: string): [body: string, rest: string] {
  let [body, rest] = ['', bytes]
  for (;;) {
    const [head = '', size = ''] = /^([\da-f]+)\r\n/i.exec(rest) ?? []
    if (head === '') throw new Error(`the answer breaks off: no chunk begins with ${JSON.stringify(rest.slice(0, 20))}`)
    const length = parseInt(size, 16)
    const chunk = rest.slice(head.length, head.length + length)
    if (rest.slice(head.length + length, head.length + length + 2) !== '\r\n') throw new Error('the answer breaks off')
    rest = rest.slice(head.length + length + 2)
    if (length === 0) return [body, rest]
    body += chunk
  }
}
