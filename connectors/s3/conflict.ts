import { sameFacts, type Completion, type ObjectFacts } from './store/object-store.ts';

/** What came of completing one of the objects of a file. */
export interface CompletedObject {
  readonly name: string;
  readonly facts: ObjectFacts;
  readonly completion: Completion;
}

/** What completing an object means for its writer. */
type Verdict =
  /** It is there as this writer has it, whoever made it. */
  | { readonly kind: 'ours'; readonly name: string }
  /** Another writer of this topic partition made it, with other contents or another end. */
  | { readonly kind: 'other'; readonly name: string; readonly endOffset: bigint; readonly problem: string }
  /** It is not from this connector at all. */
  | { readonly kind: 'foreign'; readonly name: string; readonly problem: string };

/** Pure: compares what stands in the store with what was to be written. */
export function compareFacts({ name, facts, completion }: CompletedObject): Verdict {
  if (completion.kind === 'created') return { kind: 'ours', name };
  const found = completion.facts;
  if (found === null) return { kind: 'foreign', name, problem: 'exists and says nothing of the records in it' };
  if (sameFacts(found, facts)) return { kind: 'ours', name };
  if (found.firstOffset !== facts.firstOffset || found.endOffset <= found.lastOffset) {
    return { kind: 'foreign', name, problem: `exists and starts at offset ${found.firstOffset}` };
  }
  const problem =
    found.endOffset === facts.endOffset
      ? `exists with ${found.records} records and checksum ${found.crc.toString(16)} instead of ${facts.records} and ${facts.crc.toString(16)}`
      : `exists and was closed at offset ${found.endOffset} instead of ${facts.endOffset}`;
  return { kind: 'other', name, endOffset: found.endOffset, problem };
}
