import type { OpenFile } from './open-file.ts';
import type { OpenSpan } from './partition/rotation.ts';

/** What was read of a topic partition since its last rotation, and the files it is in. */
export class Span implements OpenSpan {
  readonly startOffset: bigint;
  readonly baseTimestampMs: number;
  readonly dueAtMs: number | null;
  /** By folder; the file of the span's first record first. */
  readonly files = new Map<string, OpenFile>();
  encodedPartition: string;
  count = 0;
  bytes = 0;

  constructor(startOffset: bigint, encodedPartition: string, baseTimestampMs: number, dueAtMs: number | null) {
    this.startOffset = startOffset;
    this.encodedPartition = encodedPartition;
    this.baseTimestampMs = baseTimestampMs;
    this.dueAtMs = dueAtMs;
  }

  get openFiles(): number {
    return this.files.size;
  }

  get bufferedBytes(): number {
    let bytes = 0;
    for (const file of this.files.values()) bytes += file.bufferedBytes;
    return bytes;
  }

  /** A record of so many bytes went to a folder's file. */
  took(folder: string, bytes: number): void {
    this.count++;
    this.bytes += bytes;
    this.encodedPartition = folder;
  }

  async abort(): Promise<void> {
    for (const file of this.files.values()) await file.abort();
  }
}
