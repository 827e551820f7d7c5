import { describe, expect, it } from 'vitest';
import { registeredConnectors } from '../../../connectors/registry.ts';
import { shownConfig } from '../../../runtime/cluster/shown-config.ts';
import { declared, option, optionSet } from '../../../runtime/connector/options.ts';
import { isSecret } from '../../../runtime/connector/secrets.ts';
import { builtInCatalog } from '../../../runtime/app/plugins/built-in-catalog.ts';

const config = {
  'connector.class': 'some-package',
  name: 'c',
  'tasks.max': '1',
  pin: '1234',
  other: '${env:X}',
  'x.password': 'hush',
};

describe('a configuration in answers', () => {
  it('hides what its connector declares as a password, whatever its name', () => {
    const options = optionSet('x', { pin: option.password({ doc: '' }), other: option.string({ doc: '' }) });
    expect(shownConfig({ ...config, other: 'seen' }, options, builtInCatalog)).toMatchObject({
      pin: '[hidden]',
      other: 'seen',
      'x.password': '[hidden]',
    });
  });

  it('hides all that may be a secret while its connector cannot be loaded', () => {
    expect(shownConfig(config, undefined, builtInCatalog)).toEqual({
      ...config,
      pin: '[hidden]',
      'x.password': '[hidden]',
    });
  });

  it('of a built-in connector needs nothing loaded: names tell which options are passwords', async () => {
    for (const { load } of registeredConnectors) {
      const { options } = await load();
      for (const [key, schema] of Object.entries(options.schema.properties)) {
        if (declared(schema).type === 'PASSWORD') expect(isSecret([], key), key).toBe(true);
      }
    }
  });
});
