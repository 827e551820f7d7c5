import type { Operation, OperationKind } from '../../../../../connectors/elasticsearch/document/operation.ts';
import { sinkRecord } from '../../s3/sink-records.ts';

export function operation(offset: number, kind: OperationKind = 'index', id = String(offset), bytes = 10): Operation {
  const json = `{"n":"${'x'.repeat(bytes)}"}`;
  const raw = kind === 'delete' ? null : Buffer.from(json);
  const version = kind === 'merge' ? null : BigInt(offset);
  return {
    kind,
    record: sinkRecord({ offset, json }),
    index: 'i',
    id,
    version,
    routing: null,
    raw,
    row: null,
    shape: {},
  };
}
