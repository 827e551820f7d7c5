import { expect, it } from 'vitest';
import { listeningUrl } from '../../../runtime/app/run-worker.ts';

it.each([
  ['http://127.0.0.1:8083', '127.0.0.1', 'http://127.0.0.1:8083'],
  ['http://127.0.0.1:8083', '0.0.0.0', 'http://0.0.0.0:8083'],
  ['https://[::1]:8443', '::', 'https://[::]:8443'],
  ['http://127.0.0.1:8083', '[::]', 'http://[::]:8083'],
  ['http://127.0.0.1:8083', 'localhost', 'http://127.0.0.1:8083'],
])('%s of the listener %s is announced as %s', (url, host, shown) => {
  expect(listeningUrl(url, host)).toBe(shown);
});
