import { HIDDEN } from '../connector/options.ts';
import type { Redactor } from '../observe/redactor.ts';
import type { ConnectorOffset, ConnectorOffsets } from './answers.ts';

/** Offsets as answers show them (I9): a source's name of itself may have come from a variable. */
export function shownOffsets(offsets: ConnectorOffsets, redactor: Redactor | undefined): ConnectorOffsets {
  return (redactor?.hideIn(offsets) ?? offsets) as ConnectorOffsets;
}

/** The partitions as they are stored, where they come back as they were shown. */
export function storedPartitions(
  given: readonly ConnectorOffset[],
  stored: readonly ConnectorOffset[],
  redactor: Redactor | undefined,
): readonly ConnectorOffset[] {
  if (redactor === undefined) return given;
  const byShown = new Map(stored.map(({ partition }) => [identity(redactor.hideIn(partition)), partition]));
  return given.map((one) => {
    const text = identity(one.partition);
    return text.includes(HIDDEN) ? { ...one, partition: byShown.get(text) ?? one.partition } : one;
  });
}

function identity(partition: unknown): string {
  const entries = Object.entries(partition as object).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries);
}
