import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalWorker, type LocalWorker } from './local-worker.ts';

let folder: string;
let worker: LocalWorker;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-allowed-'));
  await mkdir(join(folder, 'in'));
  await writeFile(join(folder, 'secret'), 'secret\n');
  await writeFile(join(folder, 'in', 'lines'), 'one\n');
  worker = await startLocalWorker({ 'millrace.files.allowed.roots': join(folder, 'in') });
});

afterAll(async () => {
  await worker.close();
  await rm(folder, { recursive: true, force: true });
});

const source = (name: string) => ({
  'connector.class': 'FileStreamSource',
  file: join(folder, name),
  topic: 'lines',
});

async function status(name: string, state: string): Promise<string> {
  for (let round = 0; round < 200; round++) {
    const { text } = await worker.request('GET', `/connectors/${name}/status`);
    if (text.includes(`"state":"${state}","worker_id"`) && text.includes('"tasks":[{')) return text;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${name} did not become ${state}`);
}

test('a connector is not made with a file outside of what the worker allows', async () => {
  const refused = await worker.request('PUT', '/connectors/thief/config', source('secret'));
  expect(refused.status).toBe(400);
  expect(refused.text).toContain('lets connectors touch files below');
  const path = '/connector-plugins/FileStreamSource/config/validate';
  const { body } = await worker.request('PUT', path, { name: 'thief', ...source('secret') });
  expect(body).toMatchObject({ error_count: 1 });
  const plan = await worker.request('POST', '/plan', { connectors: { thief: source('secret') } });
  expect(plan.text).not.toContain('"secret"');
});

test('a file that leads outside since is not opened when the task starts again', async () => {
  expect((await worker.request('PUT', '/connectors/lines/config', source('in/lines'))).status).toBe(201);
  await status('lines', 'RUNNING');
  await rm(join(folder, 'in', 'lines'));
  await symlink(join(folder, 'secret'), join(folder, 'in', 'lines'));
  await worker.request('POST', '/connectors/lines/restart?includeTasks=true');
  let text = '';
  for (let round = 0; round < 200 && !text.includes('CONNECTOR_FILE_NOT_ALLOWED'); round++) {
    ({ text } = await worker.request('GET', '/connectors/lines/status'));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(text).toContain('CONNECTOR_FILE_NOT_ALLOWED');
});
