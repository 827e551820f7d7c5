import type { ChangeLayoutOptions } from '../change-layouts.ts';
import { contextHeaders } from '../context-headers.ts';
import type { RecordOptions } from './record-options.ts';

/** Where the records of one task come from. */
export interface TaskOrigin {
  readonly taskId: number;
  /** Names this run of the task in the context headers. */
  readonly runId: string;
}

/** What the layouts of all tables have in common. `connector`: as the context headers name it. */
export function layoutOptions(
  { tombstones, skipped, contextHeaders: wanted, naming }: RecordOptions,
  { taskId, runId }: TaskOrigin,
  connector: string,
): ChangeLayoutOptions {
  const headers = contextHeaders({ logicalName: naming.prefix, taskId: String(taskId), connector, runId });
  return { tombstones, skipped, headers: wanted ? headers : [] };
}
