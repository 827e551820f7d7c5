import type { ConnectorCall } from '../../runtime/connector/connector.ts';
import type { SinkRewind } from '../../runtime/connector/rewind.ts';
import type { S3Options } from './options.ts';
import { archivePrefix, partitionAndOffset } from './partition/names-of-topic.ts';
import { parseConfig } from './settings.ts';
import type { ObjectFacts, ObjectStore } from './store/object-store.ts';
import { openStore } from './store/open-store.ts';

/**
 * Where archiving may begin again without a record being in the archive twice: at the start of the span that a
 * place lies in. From there the same objects are made, found finished, compared and adopted (D7); from the
 * middle of a span an object of another name would hold its rest a second time.
 */
export async function startsOfSpans(
  { name, config, env, signal }: ConnectorCall,
  places: readonly SinkRewind[],
): Promise<readonly SinkRewind[]> {
  const options = parseConfig(config);
  const store = await openStore({ options, connector: name, owner: `${name}-rewind`, env });
  try {
    const starts: SinkRewind[] = [];
    for (const place of places) {
      const names = await store.names(archivePrefix(options, config, place.topic), signal);
      const files = filesOf(names, options, place);
      starts.push({ ...place, offset: await spanStart(store, files, place.offset, signal) });
    }
    return starts;
  } finally {
    await store.close();
  }
}

/** An object of each first offset. */
function filesOf(
  names: readonly string[],
  options: S3Options,
  { topic, partition }: SinkRewind,
): ReadonlyMap<bigint, string> {
  const files = new Map<bigint, string>();
  for (const name of names) {
    const found = partitionAndOffset(options, name, topic);
    if (found?.partition === partition && !files.has(found.offset)) files.set(found.offset, name);
  }
  return files;
}

/** Dead letters archived later, each in a file of its own, looked past at most. */
const MOST_SINGLES = 1000;

/** All files of a span end at one offset; a span ends before the next begins. Dead letters lie in a span that left them out. */
async function spanStart(
  store: ObjectStore,
  files: ReadonlyMap<bigint, string>,
  place: bigint,
  signal: AbortSignal,
): Promise<bigint> {
  const before = [...files].filter(([first]) => first <= place).toSorted(([a], [b]) => (a > b ? -1 : 1));
  let span: ObjectFacts | null = null;
  let singles = 0;
  for (const [, name] of before) {
    const facts = await store.facts(name, signal);
    if (facts === null) continue;
    const { firstOffset, endOffset } = facts;
    if (endOffset === firstOffset + 1n && singles++ < MOST_SINGLES) continue;
    if (endOffset <= place || (span !== null && endOffset !== span.endOffset)) break;
    span = facts;
  }
  return span?.firstOffset ?? place;
}
