#!/usr/bin/env node
import { main } from './main.ts'

const out = {
  line: (text: string) => void process.stdout.write(`${text}\n`),
  error: (text: string) => void process.stderr.write(`${text}\n`),
}

// The exit code is set and the process left to end by itself, so that what was written reaches a slow pipe.
void main({ args: process.argv.slice(2), env: process.env, out, fetch }).then((code) => {
  process.exitCode = code
})
