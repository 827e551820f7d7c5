import { MillraceError } from '../../record/error.ts';

/** The error for bytes that are not what the format says. `code` is `BATCH_…`. */
export function corrupt(code: string, message: string, cause?: unknown): MillraceError {
  return new MillraceError(code, message, {
    kind: 'corrupt',
    remedy: 'The stored or received bytes are damaged: read on after this batch, or restore the log from a copy.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The error for records that decompress to more than is allowed. */
export function tooLarge(maxBytes: number): MillraceError {
  return new MillraceError(
    'BATCH_TOO_LARGE',
    `record batch: its records take more than ${maxBytes} bytes decompressed`,
    {
      kind: 'corrupt',
      remedy:
        'Raise the limit of the reader if the producer of this batch is trusted; read on after the batch otherwise.',
    },
  );
}
