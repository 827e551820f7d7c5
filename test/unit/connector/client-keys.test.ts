import { expect, it } from 'vitest';
import { readsPlainTls } from '../../../runtime/app/rest-access.ts';
import { connectorClientKeys, workerClientKeys } from '../../../runtime/connector/client-keys.ts';
import { option, optionSet } from '../../../runtime/connector/options.ts';
import { workerSettings } from '../../../runtime/settings/worker-settings.ts';

const none = optionSet('none', {});

it('of a worker, settings of Kafka clients that change nothing are named, the others not', () => {
  const raw = {
    'group.id': 'g',
    'producer.compression.type': 'lz4',
    'producer.max.request.size': '1',
    'consumer.max.poll.records': '5',
    'consumer.group.id': 'all',
    'consumer.isolation.level': 'read_committed',
    'admin.retries': '3',
    'admin.listeners': '',
    'admin.listeners.https.ssl.keystore.location': '/x',
    'security.protocol': 'SASL_SSL',
    'sasl.jaas.config': 'x',
    'ssl.truststore.location': '/y',
    'key.converter.schemas.enable': 'true',
    'listeners.https.ssl.keystore.location': '/z',
  };
  const always = [
    'producer.max.request.size',
    'consumer.group.id',
    'consumer.isolation.level',
    'admin.retries',
    'security.protocol',
    'sasl.jaas.config',
  ];
  expect(workerClientKeys(raw, true)).toEqual(always);
  expect(workerClientKeys(raw, false)).toEqual([...always, 'ssl.truststore.location']);
});

it.each([
  [{}, false],
  [{ listeners: 'https://127.0.0.1:1' }, true],
  [{ listeners: 'https://127.0.0.1:1', 'listeners.https.ssl.keystore.location': '/x' }, false],
  [{ 'admin.listeners': 'https://127.0.0.1:1' }, true],
  [{ 'admin.listeners': 'https://127.0.0.1:1', 'admin.listeners.https.ssl.key.password': 'x' }, false],
])('with %j, that ssl.* is read by a listener is %s', (raw, reads) => {
  expect(readsPlainTls(workerSettings(raw))).toBe(reads);
});

it('of a connector, so are overrides and worker keys that stand in it', () => {
  const raw = {
    name: 'c',
    'producer.override.acks': 'all',
    'producer.override.max.request.size': '1',
    'consumer.override.group.id': 'g',
    'consumer.override.fetch.min.bytes': '1',
    'admin.override.retries': '1',
    'bootstrap.servers': 'kafka:9092',
    'security.protocol': 'SSL',
    'ssl.key.password': 'x',
    'producer.acks': '1',
    'database.ssl': 'x',
  };
  const found = connectorClientKeys(raw, none);
  expect(found).toEqual([
    'producer.override.max.request.size',
    'consumer.override.fetch.min.bytes',
    'admin.override.retries',
    'bootstrap.servers',
    'security.protocol',
    'ssl.key.password',
    'producer.acks',
  ]);
  const own = optionSet('own', { 'ssl.key.password': option.password({ doc: 'Own.', optional: true }) });
  expect(connectorClientKeys(raw, own)).not.toContain('ssl.key.password');
});
