/** Opens the store of a hub that another process writes, closes it, and again, and prints `opened <n>`. */
import { writeSync } from 'node:fs';
import { Store } from '../../../runtime/hub/embedded/store/store.ts';

const [path = ''] = process.argv.slice(2);
writeSync(1, 'ready\n');
for (let n = 1; ; n++) {
  const store = new Store(path, { readOnly: true });
  store.read(() => store.seq());
  await store.close();
  if (n % 100 === 0) writeSync(1, `opened ${n}\n`);
}
