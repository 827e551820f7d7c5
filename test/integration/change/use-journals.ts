import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Journal } from '../../../runtime/connector/source.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';
import type { Hub } from '../../../runtime/hub/port.ts';
import { TopicJournal } from '../../../runtime/store/journal.ts';

export interface UsedJournals {
  readonly open: (topic: string) => Promise<Journal>;
  /** The entries of a topic, oldest first. */
  entries(topic: string): Promise<Readonly<Record<string, unknown>>[]>;
  /** Deletes all topics. */
  clear(): Promise<void>;
}

/** An embedded hub for the journals of a block's tests. */
export function useJournals(): UsedJournals {
  const path = mkdtempSync(join(tmpdir(), 'mr-journal-'));
  let hub: Hub | undefined;
  const opened = (): Hub => {
    if (hub === undefined) throw new Error('the hub is not open');
    return hub;
  };
  const open = (topic: string): Promise<TopicJournal> =>
    TopicJournal.open({ hub: opened(), env: realEnv, topic }, () => undefined);

  beforeAll(async () => {
    hub = await openHub({ path, env: realEnv });
  });

  afterAll(async () => {
    await hub?.close();
    rmSync(path, { recursive: true, force: true });
  });

  return {
    open,
    async entries(topic) {
      const entries: Readonly<Record<string, unknown>>[] = [];
      const journal = await open(topic);
      await journal.read((entry) => {
        entries.push(JSON.parse(entry.toString()) as Record<string, unknown>);
      }, new AbortController().signal);
      return entries;
    },
    async clear() {
      for (const { name } of await opened().admin.topics()) await opened().admin.deleteTopic(name);
    },
  };
}
