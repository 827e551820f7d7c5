import { MillraceError } from '../../../runtime/record/error.ts';
import type { SnapshotMode } from './snapshot-settings.ts';

export type Start = 'snapshot' | 'stored' | 'now' | 'end';

/**
 * Where a task begins. `fits` throws where the server does not have the stored place: only `when_needed` may
 * then read everything again, and nothing ever starts from now by itself (D16).
 */
export async function decideStart(mode: SnapshotMode, stored: boolean, fits: () => Promise<void>): Promise<Start> {
  if (!stored) {
    if (mode === 'no_data') return 'now';
    if (mode !== 'recovery') return 'snapshot';
    throw new MillraceError(
      'MYSQL_NOTHING_TO_RECOVER',
      'snapshot.mode=recovery goes on from an offset, and none is stored',
      {
        kind: 'config',
        key: 'snapshot.mode',
        remedy: 'Set snapshot.mode=initial, or store an offset by PATCH /connectors/<name>/offsets.',
      },
    );
  }
  if (mode === 'always') return 'snapshot';
  if (mode === 'initial_only') return 'end';
  if (mode !== 'when_needed') return 'stored';
  try {
    await fits();
    return 'stored';
  } catch (error) {
    if (error instanceof MillraceError && error.kind === 'position') return 'snapshot';
    throw error;
  }
}
