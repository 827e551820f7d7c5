import type { PlantedBug } from '../planted-bug.ts';

/** Bugs in the S3 and file archive. */
export const archiveBugs: readonly PlantedBug[] = [
  {
    name: 'records in an open file are called durable',
    invariant: 'I1',
    file: 'connectors/s3/partition-archive.ts',
    find: 'return this.#span?.startOffset ?? this.#next;',
    plant: 'return this.#next;',
    test: 'test/unit/connectors/s3/file-archive.test.ts',
    only: 'names files by topic, partition and first offset, and leaves the open rest out',
  },
  {
    name: 'any object that is there already is taken for its own',
    invariant: 'I5',
    file: 'connectors/s3/conflict.ts',
    find: "if (sameFacts(found, facts)) return { kind: 'ours', name };",
    plant: "if (found.records >= 0) return { kind: 'ours', name };",
    test: 'test/unit/connectors/s3/file-archive.test.ts',
    only: 'with other records stops the task by name',
  },
  {
    name: 'an object of another end is replaced instead of adopted',
    invariant: 'I3',
    file: 'connectors/s3/store/s3-store.ts',
    find: "? { IfNoneMatch: '*' } : {};",
    plant: '? {} : {};',
    test: 'test/integration/s3/s3-archive.test.ts',
    only: 'by one put with another flush.size is adopted: each record once',
  },

  {
    name: 'a file is called complete before it is synced',
    invariant: 'I1',
    file: 'connectors/s3/store/file-store.ts',
    find: '      const { path, handle } = await this.#write();\n      await handle.sync();\n',
    plant: '      const { path, handle } = await this.#write();\n',
    test: 'test/unit/connectors/s3/file-durability.test.ts',
  },
  {
    name: 'the name of a finished file is not synced',
    invariant: 'I1',
    file: 'connectors/s3/store/file-store.ts',
    find: "    await this.env.files.syncDirectory(dirname(path));\n    this.env.crash?.('s3.after_object');",
    plant: "    this.env.crash?.('s3.after_object');",
    test: 'test/unit/connectors/s3/file-durability.test.ts',
  },

  {
    name: 'a record that is delivered again is written again',
    invariant: 'I3',
    file: 'connectors/s3/partition-archive.ts',
    find: 'if (record.offset < this.#next) continue;',
    plant: '',
    test: 'test/unit/connectors/s3/file-archive.test.ts',
    only: 'writes a record once that is handed over again',
  },
  {
    name: 'a tombstone in a Parquet archive is taken for a foreign record, and loss for what cannot be compared',
    invariant: 'I1',
    file: 'runtime/app/verify/archive-sql.ts',
    find: "return `case when ${of} is not null then struct_update(${of}, ${fields.join(', ')}) end`;",
    plant: "return `struct_update(${of}, ${fields.join(', ')})`;",
    test: 'test/unit/app/verify/archive-state.test.ts',
    only: 'names the row that a removed file held',
  },
];
