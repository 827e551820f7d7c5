import { describe, expect, test } from 'vitest';
import { readOffset, StreamPosition } from '../../../../connectors/mysql/offset.ts';

describe('offsets', () => {
  test('are read as they are written', () => {
    const place = { file: 'binlog.000002', position: 4711, gtids: '0-1-50', event: 3, transaction: '0-1-51' };
    const offset = new StreamPosition(place, 'uuid', { seconds: 1, serverId: 1 }).toOffset();
    expect(offset).toEqual({
      ts_sec: 1,
      file: 'binlog.000002',
      pos: 4711,
      gtids: '0-1-50',
      server_id: 1,
      event: 3,
      'millrace.server': 'uuid',
      'millrace.transaction': '0-1-51',
    });
    expect(readOffset(offset)).toEqual({ place, server: 'uuid' });
  });

  test('of Debezium inside a transaction begin at the transaction', () => {
    const offset = { ts_sec: 1, file: 'binlog.000002', pos: 21590, gtids: '0-1-52', server_id: 1, event: 1, row: 2 };
    expect(readOffset(offset)).toEqual({
      place: { file: 'binlog.000002', position: 21590, gtids: '0-1-52', event: 0, transaction: '' },
      server: undefined,
    });
  });

  test('may name GTIDs alone', () => {
    expect(readOffset({ gtids: '0-1-5' }).place).toMatchObject({ file: '', gtids: '0-1-5' });
  });

  test.each([
    [{}],
    [{ file: 'binlog.000001' }],
    [{ file: 'binlog.000001', pos: -1 }],
    [{ file: 'binlog.000001', pos: 4, snapshot: true }],
  ])('%j cannot be resumed from', (offset) => {
    expect(() => readOffset(offset)).toThrow(expect.objectContaining({ code: 'MYSQL_OFFSET_UNUSABLE' }) as Error);
  });
});
