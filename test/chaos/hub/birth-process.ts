/** Opens and closes the hubs of the given directories, one after the other. */
import { realEnv as env } from '../../../runtime/env/real.ts';
import { openHub } from '../../../runtime/hub/embedded/open.ts';

for (const path of process.argv.slice(2)) {
  const hub = await openHub({ path, env });
  await hub.close();
}
