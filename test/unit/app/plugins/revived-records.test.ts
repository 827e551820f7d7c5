import { expect, it } from 'vitest';
import { revivedRecords } from '../../../../runtime/app/plugins/revived-records.ts';
import type { SourceRecord } from '../../../../runtime/connector/source.ts';
import { Decimal } from '../../../../runtime/record/decimal.ts';
import { struct } from '../../../../runtime/record/value.ts';

it('records are the same after they have crossed a thread', () => {
  const inner = struct({ price: new Decimal(150n, 2), bytes: Uint8Array.of(1, 2), none: null });
  const value = struct({ id: 9007199254740993n, list: [inner], map: new Map([['k', new Decimal(-1n, 0)]]) });
  const records: SourceRecord[] = [
    {
      topic: 'orders',
      key: { schema: null, value: 'k' },
      value: { schema: null, value },
      headers: [{ key: 'h', schema: null, value: new Decimal(7n, 1) }],
      timestampMs: 5,
    },
    { topic: 'orders', key: null, value: null },
  ];
  expect(revivedRecords(structuredClone(records))).toStrictEqual(records);
});
