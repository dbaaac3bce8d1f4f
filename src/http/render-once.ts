import type { Host } from '../core/host.ts'
import { createSingleFlight } from '../core/single-flight.ts'
import { onceASecond } from './once-a-second.ts'

/** The bytes of a text, and their compressed form once somebody has asked for it. */
interface Rendering {
  readonly bytes: Uint8Array<ArrayBuffer>
  gzip: Uint8Array<ArrayBuffer> | undefined
}

/** How texts are made, and how long that may take. */
export interface RenderOptions<Format extends string> {
  readonly host: Host
  /** For the text, and again for compressing it. */
  readonly timeoutMs: number
  readonly render: (format: Format) => string | Promise<string>
}

/** One rendering, as it goes out. */
export interface Rendered {
  readonly body: Uint8Array<ArrayBuffer>
  readonly compressed: boolean
}

/** What is shorter fits into one packet as it is. */
const WORTH_COMPRESSING = 1_400

/**
 * Renders each format at most once a second, and compresses each rendering at most once, however many ask for it.
 *
 * @returns what asks for a rendering; compressed when that is wanted, pays, and the platform can
 */
export function createRenderings<Format extends string>(
  options: RenderOptions<Format>,
): (format: Format, wantsGzip: boolean) => Promise<Rendered> {
  const { host, timeoutMs, render } = options
  const compressions = createSingleFlight<Uint8Array<ArrayBuffer>>({ host, timeoutMs, what: 'compressing the metrics' })
  const byFormat = new Map<Format, () => Promise<Rendering>>()

  function renderingOf(format: Format): () => Promise<Rendering> {
    const known = byFormat.get(format)
    if (known !== undefined) return known
    const work = async (): Promise<Rendering> => ({
      bytes: new TextEncoder().encode(await render(format)),
      gzip: undefined,
    })
    const made = onceASecond({ host, timeoutMs, what: 'rendering the metrics', work })
    byFormat.set(format, made)
    return made
  }

  const compress = (format: Format, rendering: Rendering): Promise<Uint8Array<ArrayBuffer>> =>
    compressions.run(format, async () => (rendering.gzip ??= await gzipped(rendering.bytes)))

  return async (format, wantsGzip) => {
    const rendering = await renderingOf(format)()
    const plain = { body: rendering.bytes, compressed: false }
    if (!wantsGzip || rendering.bytes.length < WORTH_COMPRESSING || !canCompress()) return plain
    try {
      return { body: rendering.gzip ?? (await compress(format, rendering)), compressed: true }
    } catch {
      // Compression is a courtesy: the text is there.
      return plain
    }
  }
}

const canCompress = (): boolean => typeof CompressionStream === 'function'

async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
