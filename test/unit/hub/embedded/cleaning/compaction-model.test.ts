import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { openHub } from '../../../../../runtime/hub/embedded/open.ts';
import { batchOf, readAll } from '../../../../conformance/hub/driver.ts';
import { testEnv } from '../harness.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd');
const record = fc.record({ key, value: fc.option(fc.string({ maxLength: 40 }), { freq: 4 }) });
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      records: fc.array(record, { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('commit' as const, 'abort' as const),
      records: fc.array(record, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('clean' as const), afterMs: fc.nat(200_000) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
);

it(
  'has, however it was compacted, aborted and reopened, the last committed value of each key',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const path = await mkdtemp(`${tmpdir()}/millrace-model-`);
        const { env, at } = testEnv();
        const open = () => openHub({ path, env, options: { cleanEveryMs: 3_600_000 } });
        let hub = await open();
        const model = new Map<string, string | null>();
        try {
          const config = {
            'cleanup.policy': 'compact',
            'min.cleanable.dirty.ratio': '0',
            'delete.retention.ms': '60000',
          };
          await hub.admin.createTopic('t', 1, config);
          for (const next of steps) {
            if (next.do === 'reopen') {
              await hub.close();
              hub = await open();
            } else if (next.do === 'clean') {
              at.ms += next.afterMs;
              await hub.server.clean();
            } else {
              const transactional = next.do !== 'append';
              const producer = await hub.producer({ acks: 'all', ...(transactional ? { transactionalId: 'tx' } : {}) });
              if (transactional) producer.begin();
              await producer.append('t', 0, batchOf(...next.records));
              if (next.do === 'commit') await producer.commit();
              if (next.do === 'abort') await producer.abort();
              await producer.close();
              if (next.do !== 'abort') for (const of of next.records) model.set(of.key, of.value);
            }
          }
          await hub.server.clean();
          const records = await readAll(hub, 't');
          const found = new Map(records.map((of) => [of.key ?? '', of.value]));
          expect(records).toHaveLength(found.size);
          for (const [name, value] of model) expect(found.get(name) ?? null).toBe(value);
          expect(records.map(({ offset }) => offset)).toEqual(
            records.map(({ offset }) => offset).toSorted((a, b) => Number(a - b)),
          );
        } finally {
          await hub.close();
          await rm(path, { recursive: true });
        }
      }),
      { numRuns: 10 },
    );
  },
);
