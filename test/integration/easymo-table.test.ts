import { expect, it } from 'vitest'
import { runTable } from '../runtimes/inside/easymo-table.mjs'

it.each(await runTable())('$name', ({ error }) => {
  expect(error).toBeUndefined()
})
