import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AuditEvent, RestAccess } from '../../../runtime/rest/access.ts';
import { identify } from '../../../runtime/rest/authentication.ts';
import { RateLimit } from '../../../runtime/rest/rate-limit.ts';
import { mayAct, neededRole } from '../../../runtime/rest/roles.ts';
import { hashToken, newToken, parseTokens, ROLES, type Role } from '../../../runtime/settings/token-file.ts';
import { realEnv } from '../../../runtime/env/real.ts';
import { startTestWorker } from '../cluster/test-worker.ts';
import { testServer } from './test-server.ts';

const tokens = Object.fromEntries(ROLES.map((role) => [role, newToken(realEnv)])) as Record<Role, string>;
const stored = ROLES.map((role) => ({ name: `${role}-token`, role, sha256: hashToken(tokens[role]), created: '' }));
const none = { tokens: null, users: null };

function access(more: Partial<RestAccess> = {}, audited: AuditEvent[] = []): RestAccess {
  return {
    credentials: { tokens: async () => stored, users: null },
    limit: new RateLimit(0, () => 0),
    failures: new RateLimit(5, () => 0),
    audit: (event) => audited.push(event),
    ...more,
  };
}

describe('roles', () => {
  it.each<[string, string, Role]>([
    ['GET', '/connectors', 'viewer'],
    ['GET', '/metrics', 'viewer'],
    ['GET', '/connectors/:connector/deadletters', 'operator'],
    ['GET', '/connectors/:connector/check', 'operator'],
    ['PUT', '/connectors/:connector/check', 'admin'],
    ['PUT', '/connectors/:connector/pause', 'operator'],
    ['POST', '/connectors/:connector/restart', 'operator'],
    ['PUT', '/admin/loggers/:logger', 'operator'],
    ['PUT', '/connector-plugins/:plugin/config/validate', 'operator'],
    ['POST', '/connectors', 'admin'],
    ['PUT', '/connectors/:connector/config', 'admin'],
    ['DELETE', '/connectors/:connector', 'admin'],
    ['PATCH', '/connectors/:connector/offsets', 'admin'],
    ['POST', '/topics/:topic/records', 'admin'],
    ['POST', '/what/is/new', 'admin'],
  ])('%s %s needs %s', (method, route, role) => {
    expect(neededRole(method, route)).toBe(role);
    expect(mayAct('admin', role)).toBe(true);
    expect(mayAct('viewer', role)).toBe(role === 'viewer');
  });
});

describe('authentication', () => {
  it('knows a token by its hash, and by Basic for clients that speak nothing else', async () => {
    const credentials = { tokens: async () => stored, users: null };
    expect(await identify(`Bearer ${tokens.operator}`, credentials)).toEqual({
      name: 'operator-token',
      role: 'operator',
      via: 'token',
    });
    const basic = Buffer.from(`anything:${tokens.viewer}`).toString('base64');
    expect(await identify(`Basic ${basic}`, credentials)).toMatchObject({ role: 'viewer', via: 'basic' });
  });

  it('knows the users of a properties file, as Connect’s extension does', async () => {
    const credentials = { tokens: null, users: async () => ({ jane: 'p:w' }) };
    const header = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;
    expect(await identify(header('jane:p:w'), credentials)).toEqual({ name: 'jane', role: 'admin', via: 'basic' });
    for (const text of ['jane:x', 'john:p:w', 'jane', ':'])
      expect(await identify(header(text), credentials)).toBeNull();
  });

  it.each([undefined, '', 'Bearer', 'Bearer mlr_wrong', 'Basic %%%', `Digest ${tokens.admin}`, tokens.admin])(
    'knows nobody by %j',
    async (header) => {
      expect(await identify(header, { tokens: async () => stored, users: null })).toBeNull();
      expect(await identify(header, none)).toBeNull();
    },
  );

  it.each([
    '',
    '[]',
    '{"tokens":[{}]}',
    '{"tokens":[{"name":"a","role":"root","sha256":""}]}',
    '{"tokens":[{"name":"a","role":"admin","sha256":"00"}]}',
  ])('refuses a file of tokens that is %j', (text) => {
    expect(() => parseTokens(text)).toThrow(/token|JSON/);
  });

  it('keeps of a token what does not give it away', () => {
    expect(hashToken('abc')).toBe(createHash('sha256').update('abc').digest('hex'));
    expect(tokens.admin).toMatch(/^mlr_[A-Za-z0-9_-]{43}$/);
  });
});

describe('the rate of requests', () => {
  it('lets twice the rate through at once, then as many as the rate says, for each caller', () => {
    let nowMs = 0;
    const limit = new RateLimit(10, () => nowMs);
    const taken = (caller: string): number =>
      Array.from({ length: 50 }, () => limit.take(caller)).filter((wait) => wait === 0).length;
    expect(taken('a')).toBe(20);
    expect(taken('b')).toBe(20);
    expect(limit.take('a')).toBe(1);
    nowMs += 500;
    expect(taken('a')).toBe(5);
    nowMs += 60_000;
    expect(taken('a')).toBe(20);
  });

  it('forgets callers beyond a number', () => {
    const limit = new RateLimit(1, () => 0);
    for (let caller = 0; caller < 10_500; caller++) limit.take(String(caller));
    expect(limit.isSpent('10499')).toBe(false);
    for (let turn = 0; turn < 3; turn++) limit.take('10499');
    expect(limit.isSpent('10499')).toBe(true);
  });
});

describe('REST with authentication', () => {
  it('answers 401 with how to come in, 403 with the role that is needed, and records both and changes', async () => {
    const worker = await startTestWorker();
    const audited: AuditEvent[] = [];
    const app = testServer(worker, { access: access({}, audited) });
    const bearer = (role: Role) => ({ authorization: `Bearer ${tokens[role]}` });
    try {
      const nobody = await app.inject({ url: '/connectors' });
      expect(nobody.statusCode).toBe(401);
      expect(nobody.headers['www-authenticate']).toBe('Bearer realm="millrace"');
      expect(nobody.json()).toMatchObject({
        error_code: 401,
        message: expect.stringContaining('millrace token create') as string,
      });
      expect((await app.inject({ url: '/connectors', headers: bearer('viewer') })).statusCode).toBe(200);
      expect((await app.inject({ url: '/nowhere', headers: bearer('viewer') })).statusCode).toBe(404);
      const denied = await app.inject({
        method: 'PUT',
        url: '/admin/loggers/root',
        headers: bearer('viewer'),
        payload: { level: 'DEBUG' },
      });
      expect(denied.json()).toMatchObject({
        error_code: 403,
        message: expect.stringContaining('needs the role operator') as string,
      });
      const changed = await app.inject({
        method: 'PUT',
        url: '/admin/loggers/root',
        headers: bearer('operator'),
        payload: { level: 'INFO' },
      });
      expect(changed.statusCode).toBe(200);
      const created = await app.inject({
        method: 'POST',
        url: '/connectors',
        headers: bearer('operator'),
        payload: {},
      });
      expect(created.statusCode).toBe(403);
      expect(
        audited.map(({ who, role, method, url, status, outcome }) => [who, role, method, url, status, outcome]),
      ).toEqual([
        ['nobody', 'none', 'GET', '/connectors', 401, 'refused'],
        ['viewer-token', 'viewer', 'PUT', '/admin/loggers/root', 403, 'refused'],
        ['operator-token', 'operator', 'PUT', '/admin/loggers/root', 200, 'done'],
        ['operator-token', 'operator', 'POST', '/connectors', 403, 'refused'],
      ]);
    } finally {
      await app.close();
      await worker.close();
    }
  });

  it('answers 429 where an address tries credentials too often, where a token asks too much, and to no right token for wrong ones', async () => {
    const worker = await startTestWorker();
    const app = testServer(worker, {
      access: access({
        credentials: { tokens: async () => stored, users: async () => ({ jane: 'right' }) },
        limit: new RateLimit(2, () => 0),
      }),
    });
    try {
      const right = { authorization: `Bearer ${tokens.admin}` };
      const statuses: number[] = [];
      for (let turn = 0; turn < 6; turn++) statuses.push((await app.inject({ url: '/', headers: right })).statusCode);
      expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
      const wrong: number[] = [];
      for (let turn = 0; turn < 11; turn++) {
        wrong.push((await app.inject({ url: '/', headers: { authorization: 'Bearer x' } })).statusCode);
      }
      expect([wrong.at(9), wrong.at(10)]).toEqual([401, 429]);
      const other = { authorization: `Bearer ${tokens.viewer}` };
      expect((await app.inject({ url: '/', headers: other })).statusCode).toBe(200);
      const guessed = Buffer.from('jane:right').toString('base64');
      const limited = await app.inject({ url: '/', headers: { authorization: `Basic ${guessed}` } });
      expect([limited.statusCode, limited.headers['retry-after']]).toEqual([429, '1']);
    } finally {
      await app.close();
      await worker.close();
    }
  });

  it('lets preflights through, which carry no credentials, and no page of another origin', async () => {
    const worker = await startTestWorker();
    const app = testServer(worker, { access: access(), allowOrigin: 'https://console.example' });
    try {
      const preflight = await app.inject({
        method: 'OPTIONS',
        url: '/connectors',
        headers: { origin: 'https://console.example' },
      });
      expect(preflight.statusCode).toBe(200);
      expect(preflight.headers['access-control-allow-headers']).toContain('authorization');
      const foreign = await app.inject({
        url: '/',
        headers: { origin: 'https://evil.example', authorization: `Bearer ${tokens.admin}` },
      });
      expect(foreign.statusCode).toBe(403);
    } finally {
      await app.close();
      await worker.close();
    }
  });
});
