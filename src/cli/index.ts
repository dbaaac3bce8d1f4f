#!/usr/bin/env node
import { main } from './main.ts'

const out = {
  line: (text: string) => void process.stdout.write(`${text}\n`),
  error: (text: string) => void process.stderr.write(`${text}\n`),
}

// Whoever reads may have seen enough (`| head -1`): the work goes on, and the rest is written to nobody.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })

// The exit code is set and the process left to end by itself, so that what was written reaches a slow pipe.
void main({ args: process.argv.slice(2), env: process.env, out, fetch }).then((code) => {
  process.exitCode = code
})
