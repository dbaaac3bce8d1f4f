/** Writes the three forms of the index migration, which are made of one list: `tsx scripts/migrations.ts`. */
import { writeFileSync } from 'node:fs'
import { concurrentSql, plainSql, rollbackSql } from '../src/cli/migrate/render.ts'

const forms = { '': plainSql(), '.concurrent': concurrentSql(), '.rollback': rollbackSql() }

for (const [form, sql] of Object.entries(forms))
  writeFileSync(new URL(`../migrations/0001_performance_indexes${form}.sql`, import.meta.url), sql)
