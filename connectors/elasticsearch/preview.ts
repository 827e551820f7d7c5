import type { ConnectorCall } from '../../runtime/connector/connector.ts';
import type { PreviewedOutput, SinkPreview } from '../../runtime/connector/preview.ts';
import type { SinkRecord, SinkRejection } from '../../runtime/connector/sink.ts';
import { BulkBody } from './bulk/bulk-body.ts';
import { Planner } from './document/planner.ts';
import { dataError } from './record-errors.ts';
import { documentSettings, parseConfig } from './settings.ts';

/** The documents that these records would be, by the task's own rules, and records it would not take. */
export async function previewDocuments(
  { config }: ConnectorCall,
  records: readonly SinkRecord[],
): Promise<SinkPreview> {
  const planner = new Planner(documentSettings(parseConfig(config)), () => '');
  const outputs: PreviewedOutput[] = [];
  const rejected: SinkRejection[] = [];
  for (const record of records) {
    try {
      const body = new BulkBody(1024);
      for (const operation of planner.plan(record)) {
        body.add(operation);
        const { kind, index, id } = operation;
        outputs.push({ name: `${kind} ${index}/${id ?? '(id by the server)'}`, records: 1, complete: true });
      }
    } catch (error) {
      rejected.push({ record, error: dataError(error) });
    }
  }
  return { outputs, rejected };
}
