/** Follows topic "t" of an embedded hub that another process writes. */
import type { Isolation } from '../../../runtime/hub/port.ts';
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHubForReading } from '../../../runtime/hub/embedded/open.ts';
import { never, recordsOf } from './driver.ts';

const [path = '', isolation] = process.argv.slice(2);
const hub = await openHubForReading({ path, env });
const reader = await hub.reader({ isolation: isolation as Isolation });
reader.assign([{ topic: 't', partition: 0, offset: 0n }]);
console.log('following');
for (;;) for (const { value } of recordsOf(await reader.read(60_000, never))) console.log(value);
