import { expect, test } from 'vitest';
import { serverError } from '../../../../../connectors/mysql/wire/server-error.ts';
import { retryClass } from '../../../../../runtime/task/error/retry.ts';

test.each([
  ['a table that was changed after the snapshot’s place', 1412, 'MYSQL_TABLE_CHANGED', 'retry'],
  ['a lock that did not come', 1205, 'MYSQL_LOCK_TIMEOUT', 'retry'],
  ['too many connections', 1040, 'MYSQL_UNAVAILABLE', 'retry'],
  ['a missing privilege', 1227, 'MYSQL_PERMISSION', 'operator'],
  ['anything else', 1064, 'MYSQL_QUERY', 'operator'],
])('the server’s refusal for %s is told by its number (%i)', (_, number, code, retry) => {
  const error = serverError('reading app.t', { number, message: 'what the server says' });
  expect(error).toMatchObject({ code, message: `reading app.t: what the server says (${number})` });
  expect(retryClass(error)).toBe(retry);
});
