import { afterAll, describe, expect, test } from 'vitest';
import { ShadowIndexes } from '../../../connectors/elasticsearch/shadow-index.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { useSearches } from '../../services/use-searches.ts';
import { SearchProbe } from './search-probe.ts';

const searches = await useSearches();
const never = new AbortController().signal;

describe.skipIf(searches.length === 0).each(searches)('the indexes that are built in $name', (search) => {
  const probe = new SearchProbe(search.url);
  const topic = `shadow${process.pid}`;
  const suffixes = ['-20200101000000', '-2020', '-x-20200101000000', '-20260101000000', '-20260102000000'];

  afterAll(async () => {
    for (const suffix of suffixes) await probe.remove(`${topic}${suffix}`);
  });

  async function rebuilt(mark: string): Promise<readonly string[]> {
    const config = { 'connector.class': 'elasticsearch', 'connection.url': search.url, topics: topic };
    const shadows = await ShadowIndexes.open(config, [topic], mark, realEnv);
    try {
      await shadows.create({ keep: false }, never);
      return await shadows.take(never);
    } finally {
      await shadows.close();
    }
  }

  test('are not discarded once they serve: a switch whose answer was lost is none that failed', async () => {
    const name = `${topic}-served`;
    const config = { 'connector.class': 'elasticsearch', 'connection.url': search.url, topics: name };
    const shadows = await ShadowIndexes.open(config, [name], '20260103000000', realEnv);
    try {
      await shadows.create({ keep: false }, never);
      await shadows.take(never);
      await shadows.discard(never);
      expect((await probe.call('GET', `/${name}/_count`)).status).toBe(200);
    } finally {
      await shadows.close();
      await probe.remove(`${name}-20260103000000`);
    }
  });

  test('are another build’s where there are some with the mark already, and stay when this one is given up', async () => {
    const name = `${topic}-other`;
    const config = { 'connector.class': 'elasticsearch', 'connection.url': search.url, topics: name };
    const first = await ShadowIndexes.open(config, [name], '20260104000000', realEnv);
    const second = await ShadowIndexes.open(config, [name], '20260104000000', realEnv);
    try {
      await first.create({ keep: false }, never);
      await expect(second.create({ keep: false }, never)).rejects.toMatchObject({
        code: 'ELASTICSEARCH_SHADOW_EXISTS',
      });
      await second.discard(never);
      expect((await probe.call('GET', `/${name}-20260104000000/_count`)).status).toBe(200);
    } finally {
      await first.discard(never);
      await first.close();
      await second.close();
    }
  });

  test('name what a build left that was killed, and nothing else', async () => {
    for (const suffix of suffixes.slice(0, 3)) {
      expect((await probe.call('PUT', `/${topic}${suffix}`, {})).status).toBe(200);
    }
    expect(await rebuilt('20260101000000')).toEqual([`${topic}-20200101000000`]);
    const left = await rebuilt('20260102000000');
    expect(left.toSorted()).toEqual([`${topic}-20200101000000`, `${topic}-20260101000000`]);
  });
});
