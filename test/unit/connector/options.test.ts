import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  checkOptions,
  option,
  optionSet,
  parseOptions,
  unknownOptions,
  type Options,
} from '../../../runtime/connector/options.ts';
import { redact, unredact } from '../../../runtime/connector/secrets.ts';

const set = optionSet(
  'sample',
  {
    host: option.string({ doc: 'Host.', minLength: 1 }),
    port: option.int({ doc: 'Port.', default: 5432, minimum: 1, maximum: 65535 }),
    mode: option.oneOf(['initial', 'never'], { doc: 'Mode.', default: 'initial' }),
    tables: option.list({ doc: 'Tables.', default: [] }),
    secret: option.password({ doc: 'Password.', optional: true }),
    strict: option.boolean({ doc: 'Strict.', default: false }),
    ratio: option.double({ doc: 'Ratio.', optional: true }),
  },
  [{ key: /^mask\.\d+$/, shown: 'mask.<n>', schema: option.int({ doc: 'Mask.', minimum: 1, optional: true }) }],
);

describe('options', () => {
  it('parses texts into the declared types and fills in defaults', () => {
    const options = parseOptions(set, { host: 'h', tables: 'a, b ,c', strict: 'TRUE', mode: 'NEVER' });
    expect(options).toEqual({
      host: 'h',
      port: 5432,
      mode: 'never',
      tables: ['a', 'b', 'c'],
      secret: undefined,
      strict: true,
      ratio: undefined,
    });
    expectTypeOf<Options<typeof set>['mode']>().toEqualTypeOf<'initial' | 'never'>();
    expectTypeOf(options.secret).toEqualTypeOf<string | undefined>();
    expectTypeOf(options.port).toEqualTypeOf<number>();
  });

  it('names every wrong key at once, in the words of Kafka Connect', () => {
    const { errors } = checkOptions(set, { port: 'many', mode: 'intial', strict: 'yes', 'mask.3': '0', ratio: 'x' });
    expect(errors.map((error) => [error.key, error.message])).toEqual([
      ['host', 'Missing required configuration "host" which has no default value.'],
      ['port', 'Invalid value many for configuration port: Not a number of type INT'],
      [
        'mode',
        'Invalid value intial for configuration mode: String must be one of: initial, never. Did you mean initial?',
      ],
      ['strict', 'Invalid value yes for configuration strict: Expected value to be either true or false'],
      ['ratio', 'Invalid value x for configuration ratio: Not a number of type DOUBLE'],
      ['mask.3', 'Invalid value 0 for configuration mask.3: Value must be at least 1'],
    ]);
  });

  it('refuses a number outside its limits, and an empty text where one is needed', () => {
    const { errors } = checkOptions(set, { host: ' ', port: '70000' });
    expect(errors.map((error) => error.message)).toEqual([
      'Invalid value   for configuration host: String may not be empty',
      'Invalid value 70000 for configuration port: Value must be no more than 65535',
    ]);
  });

  it('throws one error that carries the first key and all messages', () => {
    expect(() => parseOptions(set, { port: 'x' })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        key: 'host',
        message: expect.stringContaining('port: Invalid'),
      }),
    );
  });

  it('says which known key an unknown one may have been meant to be', () => {
    expect(unknownOptions([set], { hots: 'h', 'mask.1': '1', entirely_else: '' })).toEqual([
      { key: 'hots', meant: 'host' },
      { key: 'entirely_else', meant: undefined },
    ]);
  });

  it('hides passwords, and unknown keys that look like one, but not variables', () => {
    const raw = { host: 'h', secret: 's3cret', 'sasl.password': 'p', 'x.token': '${env:TOKEN}' };
    const shown = redact([set], raw);
    expect(shown).toEqual({ host: 'h', secret: '[hidden]', 'sasl.password': '[hidden]', 'x.token': '${env:TOKEN}' });
    expect(unredact({ ...shown, host: 'other' }, raw)).toEqual({ ...raw, host: 'other' });
  });

  it('does not repeat a password in an error', () => {
    const strict = optionSet('p', { key: option.password({ doc: 'Key.' }) });
    const { errors } = checkOptions(strict, {});
    expect(errors).toHaveLength(1);
    expect(JSON.stringify(checkOptions(strict, { key: 'hush' }))).not.toContain('Invalid');
  });

  it('does not take keys from the prototype', () => {
    expect(checkOptions(set, JSON.parse('{"host":"h","__proto__":"x","constructor":"y"}')).errors).toEqual([]);
  });
});
