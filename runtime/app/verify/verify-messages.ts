import type { PackedError } from '../../record/packed-error.ts';
import type { VerifyReport } from './verify.ts';
import type { RunVerifyOptions } from './run-verify.ts';

/** What a thread that verifies is started with. */
export type VerifyThreadData = Pick<
  RunVerifyOptions,
  'name' | 'archives' | 'indexes' | 'hubPath' | 'workerConfig' | 'waitMs' | 'variables'
>;

export type FromVerifyThread =
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'report'; readonly report: VerifyReport }
  | { readonly kind: 'failed'; readonly error: PackedError };
