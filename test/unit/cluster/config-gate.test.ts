import { expect, test } from 'vitest';
import { builtInCatalog } from '../../../runtime/app/plugins/built-in-catalog.ts';
import { ConfigGate } from '../../../runtime/cluster/config-gate.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { Redactor } from '../../../runtime/observe/redactor.ts';
import { ConfigProviders } from '../../../runtime/settings/providers.ts';
import { memoryLog } from './test-worker.ts';

const CONFIG = {
  name: 'search',
  'connector.class': 'elasticsearch',
  topics: 'a',
  'connection.url': 'http://s:9200',
  'connection.username': 'me',
  'connection.password': 'maybe',
};

function gateWith(redactor: Redactor): ConfigGate {
  const providers = new ConfigProviders(realEnv, {}, {});
  return new ConfigGate({ env: realEnv, log: memoryLog([]), catalog: builtInCatalog, providers, redactor });
}

test('a password that was only validated is hidden in the answer, and nowhere later', async () => {
  const redactor = new Redactor();
  const gate = gateWith(redactor);
  const answer = await gate.validate('elasticsearch', { ...CONFIG, 'data.stream.type': 'maybe' });
  expect(JSON.stringify(answer.configs.find(({ value }) => value.name === 'connection.password'))).not.toContain(
    'maybe',
  );
  const { configs } = await gate.validate('elasticsearch', {
    ...CONFIG,
    'connection.password': '',
    transforms: 'maybe',
  });
  const errors = configs.flatMap(({ value }) => value.errors);
  expect(errors.join(' ')).toContain('transforms.maybe.type');
  expect(redactor.hide('maybe it fails')).toBe('maybe it fails');
});

test('a password of a configuration that is accepted stays hidden', async () => {
  const redactor = new Redactor();
  await gateWith(redactor).accept('search', CONFIG, CONFIG);
  expect(redactor.hide('maybe it fails')).toBe('[hidden] it fails');
});
