import fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { realEnv as env } from '../../../../runtime/env/real.ts';
import { openHub } from '../../../../runtime/hub/embedded/open.ts';
import type { HubProducer } from '../../../../runtime/hub/port.ts';
import { batchOf, readAll, values } from '../../../conformance/hub/driver.ts';

const PRODUCERS = 3;
const PARTITIONS = 2;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('append' as const), who: fc.nat(PRODUCERS), where: fc.nat(PARTITIONS - 1) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'abort' as const), who: fc.nat(PRODUCERS - 1) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
);

interface Written {
  readonly value: string;
  readonly where: number;
  fate: 'open' | 'committed' | 'aborted';
  readonly who: number;
}

/** The hub with three transactional producers and (the last) a plain one, and what it should show. */
class Model {
  readonly written: Written[] = [];

  end(who: number, fate: 'committed' | 'aborted'): void {
    for (const of of this.written) if (of.who === who && of.fate === 'open') of.fate = fate;
  }

  visible(where: number): string[] {
    const here = this.written.filter((of) => of.where === where);
    const open = here.findIndex((of) => of.fate === 'open');
    return here
      .slice(0, open < 0 ? here.length : open)
      .filter((of) => of.fate === 'committed')
      .map(({ value }) => value);
  }
}

it(
  'shows committed records in their order up to the first open one, however transactions interleave',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const path = await mkdtemp(`${tmpdir()}/millrace-model-`);
        const model = new Model();
        let hub = await openHub({ path, env });
        let producers: (HubProducer | undefined)[] = [];
        let begun = new Set<number>();
        try {
          await hub.admin.createTopic('t', PARTITIONS);
          for (const [n, next] of steps.entries()) {
            if (next.do === 'reopen') {
              await hub.close();
              hub = await openHub({ path, env });
              producers = [];
              begun = new Set();
              for (let who = 0; who < PRODUCERS; who++) model.end(who, 'aborted');
            } else {
              const { who } = next;
              const transactional = who < PRODUCERS;
              const id = transactional ? { transactionalId: `tx-${who}` } : {};
              const producer = (producers[who] ??= await hub.producer({ acks: 'all', ...id }));
              if (transactional && !begun.has(who)) producer.begin();
              if (transactional) begun.add(who);
              if (next.do === 'append') {
                await producer.append('t', next.where, batchOf(`${n}`));
                model.written.push({
                  value: `${n}`,
                  where: next.where,
                  who,
                  fate: transactional ? 'open' : 'committed',
                });
              } else {
                await (next.do === 'commit' ? producer.commit() : producer.abort());
                begun.delete(who);
                model.end(who, next.do === 'commit' ? 'committed' : 'aborted');
              }
            }
            for (let where = 0; where < PARTITIONS; where++) {
              expect(values(await readAll(hub, 't', where))).toEqual(model.visible(where));
            }
          }
        } finally {
          await hub.close();
          await rm(path, { recursive: true });
        }
      }),
      { numRuns: 8 },
    );
  },
);
