import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { realEnv } from '../../../runtime/env/real.ts';
import { readWorkerConfig, workerSettings } from '../../../runtime/settings/worker-settings.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-settings-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('worker settings', () => {
  it('needs no configuration', () => {
    const { options, listeners, effective } = workerSettings({});
    expect(listeners).toEqual([{ protocol: 'http', host: '127.0.0.1', port: 8083 }]);
    expect(options['config.storage.topic']).toBe('millrace-configs');
    expect(effective['offset.flush.interval.ms']).toBe('1000');
  });

  it('takes a connect-distributed.properties as it is', async () => {
    const path = await file(
      'connect-distributed.properties',
      `# a worker
group.id=connect-cluster
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=true
value.converter.schemas.enable=true
offset.storage.topic=connect-offsets
offset.storage.replication.factor=1
offset.storage.partitions=25
config.storage.topic=connect-configs
config.storage.replication.factor=1
status.storage.topic=connect-status
status.storage.replication.factor=1
offset.flush.interval.ms=10000
listeners=HTTP://:8083,http://[::1]:8084
rest.advertised.host.name=worker1
plugin.path=/usr/local/share/java
producer.compression.type=lz4
consumer.max.poll.records=500
`,
    );
    const { options, listeners, ignored } = workerSettings(await readWorkerConfig(realEnv, path));
    expect(options['group.id']).toBe('connect-cluster');
    expect(options['offset.storage.partitions']).toBe(25);
    expect(listeners).toEqual([
      { protocol: 'http', host: '0.0.0.0', port: 8083 },
      { protocol: 'http', host: '::1', port: 8084 },
    ]);
    expect(ignored).toEqual([]);
  });

  it('reads JSON with texts, numbers and booleans', async () => {
    const path = await file(
      'worker.json',
      '{"group.id":"g","offset.flush.interval.ms":500,"topic.creation.enable":false}',
    );
    const { options } = workerSettings(await readWorkerConfig(realEnv, path));
    expect(options).toMatchObject({ 'group.id': 'g', 'offset.flush.interval.ms': 500, 'topic.creation.enable': false });
  });

  it.each([
    ['{"a":', 'SETTINGS_JSON_MALFORMED'],
    ['{"group.id":{"a":1}}', 'SETTINGS_JSON_MALFORMED'],
  ])('refuses %s', async (text, code) => {
    const path = await file('bad.json', text);
    await expect(readWorkerConfig(realEnv, path)).rejects.toMatchObject({ code, kind: 'config' });
  });

  it('says that a file does not exist', async () => {
    await expect(readWorkerConfig(realEnv, join(folder, 'absent.json'))).rejects.toMatchObject({
      code: 'SETTINGS_UNREADABLE',
      message: expect.stringContaining('there is no such file'),
    });
  });

  it('names every wrong key at once, each with what to do', () => {
    const wrong = {
      'offset.flush.interval.ms': '0',
      'exactly.once.source.support': 'maybe',
      listeners: 'https//x',
      'gruop.id': 'g',
      'millrace.nonsense': '1',
    };
    expect(() => workerSettings(wrong)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        kind: 'config',
        message: expect.stringMatching(
          /offset\.flush\.interval\.ms[^]*exactly\.once\.source\.support[^]*gruop\.id[^]*millrace\.nonsense[^]*listeners/,
        ),
        remedy: expect.stringContaining('Rename gruop.id to group.id.'),
      }),
    );
  });

  it('keeps keys of plugins it does not know, and lists them', () => {
    expect(workerSettings({ 'my.extension.setting': 'x' }).ignored).toEqual(['my.extension.setting']);
  });

  it('names keys that change nothing here, but not where what they say is so anyway', () => {
    const raw = {
      'offset.flush.timeout.ms': '9000',
      'heartbeat.interval.ms': '10',
      'config.storage.replication.factor': '1',
    };
    expect(workerSettings(raw).ignored).toEqual(['offset.flush.timeout.ms', 'heartbeat.interval.ms']);
  });
});
