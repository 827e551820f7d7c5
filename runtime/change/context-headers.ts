import type { RowLayout } from '../record/row-layout.ts';
import { STRING } from '../record/schema-builder.ts';

/** `__debezium.context.*` headers (`extended.headers.enabled`), in Debezium's order. */
export function contextHeaders(context: {
  readonly logicalName: string;
  readonly taskId: string;
  readonly connector: string;
  readonly runId: string;
}): RowLayout['headers'] {
  return [
    header('connectorLogicalName', context.logicalName),
    header('taskId', context.taskId),
    header('connectorName', context.connector),
    header('runId', context.runId),
  ];
}

function header(key: string, value: string): RowLayout['headers'][number] {
  return { key: `__debezium.context.${key}`, node: { kind: 'constant', schema: STRING, value } };
}
