import fc from 'fast-check';

/** One statement, or the ends of transactions and savepoints. */
export type Step = string;

/** Types of added columns, with expressions for values of them. */
const TYPES: readonly { readonly type: string; readonly value: fc.Arbitrary<string> }[] = [
  { type: 'int', value: fc.integer({ min: -1000, max: 1000 }).map(String) },
  { type: 'bigint', value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((n) => `'${n}'`) },
  { type: 'text', value: fc.constantFrom("'a'", "''", `'ü"\\🚚'`, 'NULL', 'repeat(md5(random()::text), 200)') },
  { type: 'numeric(10,2)', value: fc.integer({ min: -99_999, max: 99_999 }).map((n) => `${n / 100}`) },
  { type: 'timestamptz', value: fc.integer({ min: 0, max: 4e9 }).map((s) => `to_timestamp(${s}.5)`) },
  { type: 'boolean', value: fc.constantFrom('true', 'false', 'NULL') },
  { type: 'jsonb', value: fc.constantFrom(`'{"a": [1, null]}'`, "'null'", 'NULL') },
  { type: 'int[]', value: fc.constantFrom("'{1,NULL,3}'", "'{}'", "'[0:1]={7,8}'") },
  { type: 'uuid', value: fc.uuid().map((id) => `'${id}'`) },
];

interface TableModel {
  readonly name: string;
  /** Name and place in TYPES. */
  columns: { readonly name: string; readonly type: number }[];
  made: number;
}

const draw = fc.record({
  what: fc.constantFrom(
    'insert',
    'insert',
    'insert',
    'update',
    'update',
    'update',
    'rekey',
    'delete',
    'alter',
    'alter',
    'identity',
    'many',
  ),
  table: fc.integer({ min: 0, max: 1 }),
  id: fc.integer({ min: 1, max: 12 }),
  pick: fc.integer({ min: 0, max: 1000 }),
  values: fc.tuple(...TYPES.map(({ value }) => value)),
});
const transaction = fc.record({
  steps: fc.array(draw, { minLength: 1, maxLength: 8 }),
  savepoint: fc.constantFrom('none', 'none', 'kept', 'undone'),
  end: fc.constantFrom('COMMIT', 'COMMIT', 'COMMIT', 'ROLLBACK'),
});

/** Random transactions over two tables: rows, keys, toasted texts, columns and identities change. */
export function randomHistory(
  seed: number,
  count: number,
): { readonly setup: string; readonly transactions: readonly (readonly Step[])[] } {
  const models: TableModel[] = [0, 1].map((i) => ({
    name: `h${i}`,
    columns: [
      { name: 'c0', type: 2 },
      { name: 'c1', type: i },
    ],
    made: 2,
  }));
  const setup = models
    .map(
      ({ name, columns }) =>
        `CREATE TABLE ${name} (id int PRIMARY KEY, ${columns.map(declare).join(', ')}); ALTER TABLE ${name} ALTER c0 SET STORAGE EXTERNAL`,
    )
    .join('; ');
  const transactions = fc.sample(transaction, { seed, numRuns: count }).map(({ steps, savepoint, end }) => {
    const before = models.map(({ columns, made }) => ({ columns, made }));
    const half = Math.floor(steps.length / 2);
    const made: Step[] = ['BEGIN'];
    let kept = before;
    for (const [i, step] of steps.entries()) {
      if (i === half && savepoint !== 'none') {
        made.push('SAVEPOINT s');
        kept = models.map(({ columns, made }) => ({ columns, made }));
      }
      const model = models[step.table];
      if (model !== undefined) made.push(statement(step, model));
    }
    if (savepoint === 'undone') {
      made.push('ROLLBACK TO s');
      restore(models, kept);
    }
    if (end === 'ROLLBACK') restore(models, before);
    return [...made, end];
  });
  return { setup, transactions };
}

type Drawn = typeof draw extends fc.Arbitrary<infer T> ? T : never;

function restore(models: TableModel[], to: readonly { readonly columns: TableModel['columns'] }[]): void {
  models.forEach((model, i) => {
    model.columns = to[i]?.columns ?? model.columns;
  });
}

function declare({ name, type }: TableModel['columns'][number]): string {
  return `${name} ${TYPES[type]?.type}`;
}

function statement(step: Drawn, model: TableModel): Step {
  const { name, columns } = model;
  const valueOf = (type: number): string => step.values[type] ?? 'NULL';
  switch (step.what) {
    case 'insert': {
      const names = columns.map((column) => column.name).join(', ');
      const values = columns.map((column) => valueOf(column.type)).join(', ');
      const sets = columns.map((column) => `${column.name} = excluded.${column.name}`).join(', ');
      return `INSERT INTO ${name} (id, ${names}) VALUES (${step.id}, ${values}) ON CONFLICT (id) DO UPDATE SET ${sets}`;
    }
    case 'update': {
      const column = columns[step.pick % columns.length];
      return column === undefined
        ? 'SELECT 1'
        : `UPDATE ${name} SET ${column.name} = ${valueOf(column.type)} WHERE id = ${step.id}`;
    }
    case 'rekey':
      return `UPDATE ${name} SET id = ${100 + step.pick} WHERE id = ${step.id} AND NOT EXISTS (SELECT 1 FROM ${name} WHERE id = ${100 + step.pick})`;
    case 'delete':
      return `DELETE FROM ${name} WHERE id = ${step.id}`;
    case 'many':
      return `INSERT INTO ${name} (id) SELECT g FROM generate_series(2000, 2300) g ON CONFLICT DO NOTHING`;
    case 'identity':
      return `ALTER TABLE ${name} REPLICA IDENTITY ${step.pick % 2 === 0 ? 'FULL' : 'DEFAULT'}`;
    case 'alter':
      return alter(step, model);
  }
}

function alter(step: Drawn, model: TableModel): Step {
  const { name, columns } = model;
  const victim = columns[step.pick % columns.length];
  if (step.pick % 3 === 0 || columns.length < 2 || victim === undefined || victim.name === 'c0') {
    const column = { name: `c${model.made++}`, type: step.pick % TYPES.length };
    model.columns = [...columns, column];
    return `ALTER TABLE ${name} ADD COLUMN ${declare(column)} DEFAULT ${step.values[column.type] ?? 'NULL'}`;
  }
  if (step.pick % 3 === 1) {
    model.columns = columns.filter((column) => column !== victim);
    return `ALTER TABLE ${name} DROP COLUMN ${victim.name}`;
  }
  const renamed = `c${model.made++}`;
  model.columns = columns.map((column) => (column === victim ? { ...column, name: renamed } : column));
  return `ALTER TABLE ${name} RENAME COLUMN ${victim.name} TO ${renamed}`;
}
