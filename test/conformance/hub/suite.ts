import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import type { Hub } from '../../../runtime/hub/port.ts';
import type { HubDriver, RunningHub } from './driver.ts';
import { growthTests } from './growth.ts';
import { groupTests } from './groups.ts';
import { producingTests } from './producing.ts';
import { topicTests } from './topics.ts';
import { transactionTests } from './transactions.ts';

/** What a hub is: every adapter passes these. */
export function hubConformance(driver: HubDriver): void {
  describe(`hub: ${driver.name}`, () => {
    let running: RunningHub;
    let opened: Hub[] = [];
    const open = async (): Promise<Hub> => {
      const hub = await running.client();
      opened.push(hub);
      return hub;
    };

    beforeAll(async () => {
      running = await driver.start();
    });
    afterEach(async () => {
      const hubs = opened;
      opened = [];
      for (const hub of hubs) await hub.close();
    });
    afterAll(() => running.stop());

    topicTests(open);
    growthTests(open);
    producingTests(open);
    transactionTests(open);
    groupTests(open);
  });
}
