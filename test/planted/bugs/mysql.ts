import type { PlantedBug } from '../planted-bug.ts';

const RECORDED = 'test/unit/connectors/mysql/stream/recorded-binlog.test.ts';

/** Bugs in the MySQL and MariaDB source. */
export const mysqlBugs: readonly PlantedBug[] = [
  {
    name: 'a transaction that is open counts as complete',
    invariant: 'I1',
    file: 'connectors/mysql/stream/assembler.ts',
    find: '    state.begin(feed.file, feed.start, gtid, commitUs);\n',
    plant: "    state.begin(feed.file, feed.start, gtid, commitUs);\n    if (gtid !== '') this.#gtids.add(gtid);\n",
    test: RECORDED,
    only: 'never counts the transaction it is in as complete',
  },
  {
    name: 'a place counts rows that are still to come',
    invariant: 'I1',
    file: 'connectors/mysql/stream/assembler.ts',
    find: 'const event = drop > 0 ? events + drop : events;',
    plant: 'const event = drop > 0 ? events + drop : events > 0 ? events + 1 : 0;',
    test: RECORDED,
    only: 'goes on at every place, without loss or repetition',
  },
  {
    name: 'the place within a transaction is ignored where a stream goes on',
    invariant: 'I3',
    file: 'connectors/mysql/stream/assembler.ts',
    find: 'state.drop = resume.event;',
    plant: 'state.drop = 0;',
    test: RECORDED,
    only: 'goes on at every place, without loss or repetition',
  },
  {
    name: 'the place of an open transaction is behind its begin',
    invariant: 'I2',
    file: 'connectors/mysql/stream/assembler.ts',
    find: 'state.begin(feed.file, feed.start, gtid, commitUs);',
    plant: 'state.begin(feed.file, feed.position, gtid, commitUs);',
    test: RECORDED,
    only: 'goes on at every place, without loss or repetition',
  },
  {
    name: 'the stored place within a transaction is read as its begin',
    invariant: 'I2',
    file: 'connectors/mysql/offset.ts',
    find: 'event: own ? (wholeNumber(event) ?? 0) : 0,',
    plant: 'event: 0,',
    test: 'test/unit/connectors/mysql/offset.test.ts',
    only: 'are read as they are written',
  },
  {
    name: 'a task that has an offset begins at the present place',
    invariant: 'I5',
    file: 'connectors/mysql/snapshot/decide.ts',
    find: "if (mode !== 'when_needed') return 'stored';",
    plant: "if (mode !== 'when_needed') return mode === 'no_data' ? 'now' : 'stored';",
    test: 'test/unit/connectors/mysql/snapshot/decide.test.ts',
    only: 'no_data with an offset true',
  },
  {
    name: 'a damaged event is read as if it were whole',
    invariant: 'I6',
    file: 'connectors/mysql/stream/event-feed.ts',
    find: 'crc32(bytes.subarray(at, to)) !== checked',
    plant: 'crc32(bytes.subarray(at, to)) < 0',
    test: RECORDED,
    only: 'ends in a named error where a byte is wrong',
  },
  {
    name: 'the last transaction of a domain stays the first one seen',
    invariant: 'I2',
    file: 'connectors/mysql/binlog/mariadb-gtid.ts',
    find: 'this.#domains.set(domain, { server, sequence });',
    plant: 'this.#domains.set(domain, { server, sequence: this.#domains.get(domain)?.sequence ?? sequence });',
    test: 'test/unit/connectors/mysql/binlog/gtid-set.test.ts',
    only: 'position has the last transaction of each domain',
  },
];
