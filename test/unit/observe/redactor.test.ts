import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { MillraceError } from '../../../runtime/record/error.ts';
import { redactedLog, Redactor } from '../../../runtime/observe/redactor.ts';

describe('the redactor', () => {
  it('hides what it was told of, also as JSON and addresses write it', () => {
    const redactor = new Redactor();
    redactor.learn('pa"ss/w@rd');
    expect(redactor.hide('with pa"ss/w@rd, {"p":"pa\\"ss/w@rd"}, pa%22ss%2Fw%40rd')).toBe(
      'with [hidden], {"p":"[hidden]"}, [hidden]',
    );
  });

  it('hides each line of a key', () => {
    const redactor = new Redactor();
    const line = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC';
    redactor.learn(`-----BEGIN PRIVATE KEY-----\n${line}\n-----END PRIVATE KEY-----`);
    expect(redactor.hide(`unreadable: ${line}`)).toBe('unreadable: [hidden]');
  });

  it('hides the longer parts of a list, where it is told of one, and finds them in a text', () => {
    const redactor = new Redactor();
    redactor.learnParts('first-part, x y;second-part');
    expect(redactor.hide('class first-part, and second-part: x')).toBe('class [hidden], and [hidden]: x');
    expect(redactor.knownIn('/a/first-part/b')).toEqual(['first-part']);
    redactor.learnParts('Db.Example.ORG, x');
    expect(redactor.hide('getaddrinfo ENOTFOUND db.example.org, not Db.Example.ORG')).toBe(
      'getaddrinfo ENOTFOUND [hidden], not [hidden]',
    );
    redactor.learn('whole one, not-in-parts');
    expect(redactor.hide('not-in-parts')).toBe('not-in-parts');
  });

  it('hides the longest of those that fit', () => {
    const redactor = new Redactor();
    redactor.learn('hush');
    redactor.learn('hush-hush');
    expect(redactor.hide('hush-hush hush')).toBe('[hidden] [hidden]');
  });

  it.each([
    [
      'connecting to postgres://me:s3cr%40t@db:5432/shop failed',
      'connecting to postgres://me:[hidden]@db:5432/shop failed',
    ],
    ['https://example.org:8080/a@b is an address', 'https://example.org:8080/a@b is an address'],
    ['host=db password=abc123 user=me', 'host=db password=[hidden] user=me'],
    ['set database.password=${file:/x:y}', 'set database.password=${file:/x:y}'],
    [`Bearer mlr_${'a'.repeat(43)}`, 'Bearer [hidden]'],
  ])('hides what looks like a secret in %j', (text, shown) => {
    expect(new Redactor().hide(text)).toBe(shown);
  });

  it('does not spoil texts for passwords of try-outs', () => {
    const redactor = new Redactor();
    for (const value of ['postgres', 'password', 'abc']) redactor.learn(value);
    expect(redactor.hide('postgres: password authentication failed: abc')).toBe(
      'postgres: password authentication failed: abc',
    );
  });

  it('forgets what a request told it of when the request ends, but not what a connector has since', async () => {
    const redactor = new Redactor();
    redactor.learn('known-before');
    const end = Promise.withResolvers<void>();
    const slow = redactor.during(async ({ learn }) => {
      learn('shared-one');
      await end.promise;
      return { at: ['shared-one'] };
    });
    const quick = await redactor.during(async ({ learn, learnParts }) => {
      for (const value of ['maybe', 'known-before', 'shared-one', 'stored-since']) learn(value);
      learnParts('first-part, second-part');
      redactor.learn('stored-since');
      return 'maybe known-before shared-one stored-since second-part';
    });
    expect(quick).toBe('[hidden] [hidden] [hidden] [hidden] [hidden]');
    const text = 'maybe known-before shared-one stored-since second-part';
    expect(redactor.hide(text)).toBe('maybe [hidden] [hidden] [hidden] second-part');
    end.resolve();
    expect(await slow).toEqual({ at: ['[hidden]'] });
    expect(redactor.hide(text)).toBe('maybe [hidden] shared-one [hidden] second-part');
  });

  it('hides the secrets of a request in its error, which is shown later', async () => {
    const redactor = new Redactor();
    const failing = redactor.during(async ({ learn }) => {
      learn('s3cr3t-one');
      throw new MillraceError('A_B', 'no s3cr3t-one', { kind: 'config', key: 'a', remedy: 'Not s3cr3t-one.' });
    });
    await expect(failing).rejects.toMatchObject({ code: 'A_B', message: 'no [hidden]', remedy: 'Not [hidden].' });
    const { stack } = (await failing.catch((error: unknown) => error)) as Error;
    expect(stack).not.toContain('s3cr3t-one');
  });

  it('leaves an option its name, where a password is the same word', () => {
    const redactor = new Redactor();
    redactor.learn('maybe');
    redactor.learn('s3cr3t-one');
    expect(redactor.hide('transforms.maybe.type: maybe; a.s3cr3t-one.b')).toBe(
      'transforms.maybe.type: [hidden]; a.[hidden].b',
    );
  });

  it('hides in errors and nested fields of a log', () => {
    const lines: unknown[] = [];
    const note = (message: string, fields?: unknown): void => void lines.push([message, fields]);
    const redactor = new Redactor();
    redactor.learn('s3cr3t-one');
    const log = redactedLog({ debug: note, info: note, warn: note, error: note }, redactor);
    log.error('no s3cr3t-one', { error: new Error('bad s3cr3t-one'), deep: [{ at: 's3cr3t-one' }], count: 3n });
    expect(lines).toMatchObject([
      ['no [hidden]', { error: { message: 'bad [hidden]' }, deep: [{ at: '[hidden]' }], count: 3n }],
    ]);
    expect((lines[0] as [string, { error: { stack: string } }])[1].error.stack).not.toContain('s3cr3t-one');
  });

  it('lets no secret through, wherever it stands', () => {
    const secret = fc.string({ minLength: 6, maxLength: 30 }).filter((text) => text.trim().length >= 6);
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 8 }), fc.array(fc.string()), (secrets, between) => {
        const redactor = new Redactor();
        for (const one of secrets) redactor.learn(one);
        const text = secrets.flatMap((one, index) => [between[index] ?? ' ', one]).join('\u0000');
        const shown = redactor.hide(text).replaceAll('[hidden]', '\u0001');
        for (const one of secrets) if (!'[hidden]'.includes(one)) expect(shown).not.toContain(one);
      }),
    );
  });
});
