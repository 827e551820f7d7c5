import type { NameTest } from '../../../runtime/change/filters.ts';

export type SnapshotMode = 'always' | 'initial' | 'initial_only' | 'no_data' | 'when_needed' | 'recovery';

export interface SnapshotSettings {
  readonly mode: SnapshotMode;
  readonly locking: 'minimal' | 'extended' | 'none';
  /** `snapshot.max.threads` */
  readonly readers: number;
  readonly lockTimeoutMs: number;
  readonly delayMs: number;
  readonly includes: NameTest;
  /** SELECT by `database.table`. */
  readonly overrides: ReadonlyMap<string, string>;
  readonly chunkRows: number;
}
