/** Reads a hub that another process writes, and prints `ready`, then `saw <n>` for each record of topic "plain". */
import { writeSync } from 'node:fs';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHubForReading } from '../../../runtime/hub/embedded/open.ts';
import { never, recordsOf } from '../../conformance/hub/driver.ts';

const [path = ''] = process.argv.slice(2);
const hub = await openHubForReading({ path, env });
const reader = await hub.reader({ isolation: 'read_uncommitted' });
const { latest } = await hub.admin.offsets({ topic: 'plain', partition: 0 });
reader.assign([{ topic: 'plain', partition: 0, offset: latest }]);
writeSync(1, 'ready\n');
for (;;) {
  const records = recordsOf(await reader.read(60_000, never));
  const last = records.at(-1)?.value?.split(' ')[0];
  if (last !== undefined) writeSync(1, `saw ${last}\n`);
}
