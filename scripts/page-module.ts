/** Makes the metrics page out of its readable sources: one HTML text with its style and script inside, and its policy. */
import { build, transform } from 'esbuild'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'

const sources = fileURLToPath(new URL('../src/http/page/', import.meta.url))

/** Where the result is kept; it is committed, so that the package builds without this script. */
export const moduleFile = fileURLToPath(new URL('../src/http/page-text.ts', import.meta.url))

const DOC = `/**
 * Generated from the files in \`page/\` by \`npx tsx scripts/page.ts\`: change those, and run it again.
 */`

/** The text of the module that holds the page. */
export async function pageModule(): Promise<string> {
  const [markup, style, script] = await Promise.all([markupOf(), styleOf(), scriptOf()])
  const page = markup
    .replace('<style></style>', () => `<style>${style}</style>`)
    .replace('<script></script>', () => `<script>${script}</script>`)
  const source = [
    DOC,
    `export const PAGE = ${JSON.stringify(page)}`,
    '/** What the page may do: run its own script and style, known by their hashes, and ask its own origin. */',
    `export const POLICY = ${JSON.stringify(policyOf(script, style))}`,
  ].join('\n\n')
  return format(source, { ...(await resolveConfig(moduleFile)), parser: 'typescript' })
}

function policyOf(script: string, style: string): string {
  return [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** In this markup a run of blanks between words may be one blank, and none between tags. */
async function markupOf(): Promise<string> {
  const markup = await readFile(`${sources}index.html`, 'utf8')
  return markup.replaceAll(/>\s+</g, '><').replaceAll(/\s+/g, ' ').replaceAll(' />', '>').trim()
}

async function styleOf(): Promise<string> {
  const style = await readFile(`${sources}style.css`, 'utf8')
  return (await transform(style, { loader: 'css', minify: true })).code.trim()
}

async function scriptOf(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${sources}main.ts`],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    logLevel: 'silent',
  })
  const script = outputFiles[0]?.text.trim() ?? ''
  // What ends the element early would be run as markup.
  if (script === '' || /<\/script|<!--/i.test(script)) throw new Error('the script cannot stand in a page')
  return script
}
