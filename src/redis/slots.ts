/** A script blocks the server while it runs, so a large batch is cut into pieces. */
const KEYS_PER_PIECE = 250
/** What a piece may weigh, in characters; one key alone may weigh more. */
const CHARS_PER_PIECE = 500_000

export interface PieceOptions {
  /** The slot of a key in a cluster; undefined where there is none. */
  readonly slotOf: ((key: string) => number) | undefined
  /** How many characters go over with the key of this place. */
  readonly weigh?: (at: number) => number
}

/**
 * Calls for pieces of the keys, all at once: none is too large, and in a cluster each holds keys of one slot. The answers
 * stand in the order of the keys.
 */
export async function inPieces<T>(
  keys: readonly string[],
  options: PieceOptions,
  call: (keys: readonly string[], at: readonly number[]) => Promise<readonly T[]>,
): Promise<T[]> {
  const answers: T[] = []
  await Promise.all(
    piecesOf(keys, options).map(async (places) => {
      const some = await call(
        places.map((at) => keys[at] as string),
        places,
      )
      places.forEach((at, nth) => (answers[at] = some[nth] as T))
    }),
  )
  return answers
}

function piecesOf(keys: readonly string[], { slotOf, weigh }: PieceOptions): number[][] {
  const pieces: number[][] = []
  const open = new Map<number | undefined, { readonly places: number[]; weight: number }>()
  keys.forEach((key, at) => {
    const slot = slotOf?.(key)
    const weight = weigh?.(at) ?? 0
    let piece = open.get(slot)
    if (!piece || piece.places.length === KEYS_PER_PIECE || piece.weight + weight > CHARS_PER_PIECE) {
      piece = { places: [], weight: 0 }
      pieces.push(piece.places)
      open.set(slot, piece)
    }
    piece.places.push(at)
    piece.weight += weight
  })
  return pieces
}

/**
 * The hash slot of a key: CRC16 of what stands in its first braces, or of all of it.
 * See https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model.
 */
export function slotOf(key: string): number {
  const hashed = /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key
  let crc = 0
  for (const byte of new TextEncoder().encode(hashed)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit += 1) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)
  }
  return crc & 0x3fff
}
