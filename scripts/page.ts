/** Writes `src/http/page-text.ts` anew: `npx tsx scripts/page.ts`, after a change of a file in `src/http/page/`. */
import { writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { moduleFile, pageModule } from './page-module.ts'

const text = await pageModule()
await writeFile(moduleFile, text)
console.log(`${moduleFile}: ${text.length} bytes, ${gzipSync(text).length} gzip`)
