import { columnNames, definitionOf, indexedTables, performanceIndexes, type PerformanceIndex } from './indexes.ts'

/** Long enough for the writers of a busy table to finish, short enough that nobody notices who queues behind. */
const LOCK_TIMEOUT = '5s'

/** Each name with its table: other tables and schemas may have an index of the same name. */
const homes = performanceIndexes.map(({ name, table }) => `    ('${name}', '${table}')`).join(',\n')

/** For fresh projects and small tables, and for tools that run a file in a transaction (`supabase db push`). */
export function plainSql(): string {
  return `-- The ${performanceIndexes.length} performance indexes of the EasyMO tables, for fresh projects and small tables. Run it in one transaction, by
-- psql --single-transaction or by a tool that does so: it begins and ends none of its own, so that it ends nobody else's.
-- Writes to a table wait while its indexes are built. It can be run again: what is there is left, what a build in the
-- background left invalid is made anew, and what a table or a column is missing or unfit for is skipped with a notice.
-- The partial ones hold only the rows that the hot queries ask for, so those queries must name the same constants.
set local lock_timeout = '${LOCK_TIMEOUT}';
-- A role that may ask for a moment only may build for as long as it takes.
set local statement_timeout = 0;

${performanceIndexes.map(block).join('\n\n')}

${indexedTables.map(analysis).join('\n\n')}
`
}

/** A statement of its own for each, so that a time limit which cannot be lifted holds for one of them. */
function block(index: PerformanceIndex): string {
  return `do $$
declare
  leftover record;
begin
  for leftover in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    where relname = '${index.name}' and indrelid = to_regclass('${index.table}') and not indisvalid
  loop
    execute format('drop index %s', leftover.name);
  end loop;
  create index if not exists ${index.name} on ${definitionOf(index)};
exception when undefined_table or undefined_column or wrong_object_type
  -- A column of a type that has no order, or not this constant.
  or undefined_object or undefined_function or invalid_text_representation then
  raise notice 'easymo-perf: ${index.name} is skipped: %', sqlerrm;
end
$$;`
}

function analysis(table: string): string {
  return `do $$
begin
  if to_regclass('${table}') is not null then
    analyze ${table};
  end if;
end
$$;`
}

/** For tables that are written to: a script for psql, because a build in the background must not stand in a transaction. */
export function concurrentSql(): string {
  return `-- The ${performanceIndexes.length} performance indexes of the EasyMO tables, built while the tables are written to: run it with psql, outside of a
-- transaction. \\gexec runs each answer of a query as a statement of its own. It can be run again.
\\set ON_ERROR_STOP off
set lock_timeout = '${LOCK_TIMEOUT}';
set statement_timeout = 0;

-- What an interrupted build left behind is invalid, and "if not exists" would take it for the index.
select format('drop index concurrently if exists %s', indexrelid::regclass)
  from pg_index join pg_class on oid = indexrelid
  join (values
${homes}
  ) as list (name, home) on relname = name and indrelid = to_regclass(home)
  where not indisvalid
\\gexec

-- Only where the table and all columns are there.
${performanceIndexes.map(ifPresent).join('\n')}

${indexedTables.map((table) => `select 'analyze ${table}' where to_regclass('${table}') is not null \\gexec`).join('\n')}
`
}

function ifPresent(index: PerformanceIndex): string {
  const statement = `create index concurrently if not exists ${index.name} on ${definitionOf(index)}`
  const columns = columnNames(index).map((name) => `'${name}'`)
  return `select $i$${statement}$i$ where (select count(*) from pg_attribute
  where attrelid = to_regclass('${index.table}') and attname in (${columns.join(', ')}) and not attisdropped) = ${columns.length} \\gexec`
}

/** Takes the indexes back. */
export function rollbackSql(): string {
  return `-- Takes back 0001_performance_indexes.sql.
set local lock_timeout = '${LOCK_TIMEOUT}';

do $$
declare
  built record;
begin
  for built in
    select indexrelid::regclass as name from pg_index join pg_class on oid = indexrelid
    join (values
${homes}
    ) as list (name, home) on relname = list.name and indrelid = to_regclass(home)
  loop
    execute format('drop index %s', built.name);
  end loop;
end
$$;
`
}
