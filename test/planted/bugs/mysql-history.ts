import type { PlantedBug } from '../planted-bug.ts';

const HISTORY = 'connectors/mysql/schema/history/schema-history.ts';
const MODEL = 'test/unit/connectors/mysql/schema/history/schema-history.test.ts';
const NEVER = 'never gives a structure that rows were not written under';

/** Bugs in the schema history, by which a row would be read under another structure than it was written under. */
export const mysqlHistoryBugs: readonly PlantedBug[] = [
  {
    name: 'a schema history counts for places that its stream did not come to',
    invariant: 'I6',
    file: HISTORY,
    find: 'return same || offset?.[TAG] === tagOf(begin.epoch, place);',
    plant: 'return same || offset !== undefined;',
    test: MODEL,
    only: NEVER,
  },
  {
    name: 'a structure outlives the statement that changed it',
    invariant: 'I6',
    file: HISTORY,
    find: 'for (const table of concerned) this.#known.delete(tableName(table));\n    const { sql, database } = event;',
    plant: 'const { sql, database } = event;',
    test: MODEL,
    only: NEVER,
  },
  {
    name: 'a structure outlives its statement where the history is read again',
    invariant: 'I6',
    file: HISTORY,
    find: 'if (effect !== undefined && changes(effect, table)) this.#known.delete(name);',
    plant: 'if (effect === undefined && name === "") this.#known.delete(name);',
    test: MODEL,
    only: NEVER,
  },
  {
    name: 'statements on tables that are left out now are not written',
    invariant: 'I6',
    file: HISTORY,
    find: 'this.#edges.onlyCaptured && concerned.length === 0 && named.length === 0',
    plant: 'this.#edges.onlyCaptured && named.length === 0',
    test: MODEL,
    only: NEVER,
  },
  {
    name: 'the catalogue is believed where it is ahead of the stream',
    invariant: 'I6',
    file: 'connectors/mysql/schema/history/present-structure.ts',
    find: 'if (renamed === undefined) return { by: statement };',
    plant: 'if (renamed === undefined) continue;',
    test: MODEL,
    only: NEVER,
  },
  {
    name: 'entries of places further on count where a stream went back',
    invariant: 'I6',
    file: 'connectors/mysql/schema/history/passed-entries.ts',
    find: 'return this.#done.has(gtid.slice(0, colon), BigInt(gtid.slice(colon + 1)));',
    plant: 'return colon > 0;',
    test: MODEL,
    only: NEVER,
  },
  {
    name: 'a row goes out before its structure is durable',
    invariant: 'I1',
    file: HISTORY,
    find: 'await journal.append(',
    plant: 'void journal.append(',
    test: MODEL,
    only: 'gives a structure once the hub has it',
  },
  {
    name: 'a second clause behind an index is not seen',
    invariant: 'I6',
    file: 'connectors/mysql/schema/history/statement-effect.ts',
    find: "else if (character === ',' && depth <= 0) return true;",
    plant: "else if (character === ';' && depth <= 0) return true;",
    test: 'test/unit/connectors/mysql/schema/history/statement-effect.test.ts',
    only: 'DROP COLUMN b',
  },
  {
    name: 'rows are read by a structure that does not fit them',
    invariant: 'I6',
    file: 'connectors/mysql/schema/history/map-structure.ts',
    find: 'if (difference !== undefined) return',
    plant: "if (difference === '') return",
    test: 'test/unit/connectors/mysql/schema/history/map-structure.test.ts',
    only: 'another length',
  },
  {
    name: 'streamed schemas of MySQL 5.7 lack the declared types of the snapshot’s',
    invariant: 'I6',
    file: 'connectors/mysql/schema/history/map-structure.ts',
    find: 'columns.push({ ...made, labels, declared, defaultText });',
    plant: 'columns.push({ ...made, labels, declared: undefined, defaultText });',
    test: 'test/unit/connectors/mysql/schema/history/map-structure.test.ts',
    only: 'its declared type',
  },
];
