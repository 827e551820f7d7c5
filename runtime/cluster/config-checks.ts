import type { Connector } from '../connector/connector.ts';
import { HIDDEN, listedNames, type OptionError, type OptionSet, type RawConfig } from '../connector/options.ts';
import { redact, secretsIn } from '../connector/secrets.ts';
import { remoteErrors } from '../connector/remote-connector.ts';
import { validateConfig, type Validation } from '../connector/validate.ts';
import type { SecretListener } from '../observe/redactor.ts';
import { MillraceError } from '../record/error.ts';
import { nearest } from '../record/nearest.ts';
import type { ConfigProviders } from '../settings/providers.ts';
import type { PluginCatalog } from './plugin-catalog.ts';
import { untoldValues } from './resolved-errors.ts';

const ENDPOINT =
  'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`';

/** Kafka Connect's answer to an invalid configuration: every error in one text. */
export function invalidConfig(errors: readonly OptionError[]): MillraceError {
  const lines = errors.map(({ message }) => message).join('\n');
  const text = `Connector configuration is invalid and contains the following ${errors.length} error(s):\n${lines}\n${ENDPOINT}`;
  const [first] = errors;
  return new MillraceError('CONFIG_INVALID', text, {
    kind: 'config',
    ...(first === undefined ? {} : { key: first.key }),
    remedy: errors.map((error) => error.remedy ?? `Correct ${error.key}.`).join(' '),
  });
}

/** The connector a configuration names; a `config` error where it names none that exists. */
export async function namedConnector(
  catalog: PluginCatalog,
  config: RawConfig,
  sets: readonly OptionSet[] = [],
): Promise<Connector> {
  const className = config['connector.class'];
  if (className === undefined) {
    throw new MillraceError('CONFIG_INVALID', `Connector config ${shownMap(config, sets)} contains no connector type`, {
      kind: 'config',
      key: 'connector.class',
      remedy: 'Set connector.class.',
    });
  }
  const connector = await catalog.connector(className.trim());
  if (connector !== null) return connector;
  const known = catalog
    .list()
    .flatMap((plugin) => (plugin.kind === 'source' || plugin.kind === 'sink' ? [plugin.className] : []));
  throw new MillraceError(
    'CONFIG_INVALID',
    `Failed to find any class that implements Connector and which name matches ${className}, available connectors are: ${known.join(', ')}${packageHint(className)}`,
    {
      kind: 'config',
      key: 'connector.class',
      remedy: `${meantClass(catalog, className)}Set connector.class to one of the available connectors.`,
    },
  );
}

/** A name that is no Java class may be a package that is not installed. */
function packageHint(className: string): string {
  const isPackage = /^(?:@[^/]+\/)?[a-z0-9~-][a-z0-9_~-]*(?:\/.*)?$/.test(className.trim());
  return isPackage ? `; no package ${className.trim()} is in a folder of plugin.path` : '';
}

function meantClass(catalog: PluginCatalog, className: string): string {
  const names = catalog
    .list()
    .flatMap(({ kind, className: name, aliases }) => (kind === 'source' || kind === 'sink' ? [name, ...aliases] : []));
  const meant = nearest(className, names);
  return meant === undefined ? '' : `Did you mean ${meant}? `;
}

/** Java's text of a map, secrets left out. */
function shownMap(config: RawConfig, sets: readonly OptionSet[]): string {
  const entries = Object.entries(redact(sets, config)).map(([key, value]) => `${key}=${value}`);
  return `{${entries.join(', ')}}`;
}

/** Checks a whole configuration, its variables resolved. Errors show the variables, not what they stand for. */
export async function checkResolved(
  connector: Connector,
  config: RawConfig,
  catalog: PluginCatalog,
  providers: ConfigProviders,
  redactor?: SecretListener,
): Promise<Validation> {
  const resolved = await resolveConfig(connector, config, providers, redactor);
  if (namesTransforms(resolved)) await catalog.prepare?.();
  const validation = validateConfig(connector, resolved, catalog);
  const errors = [
    ...validation.errors,
    ...(await remoteErrors(connector, resolved, validation.errors)),
    ...((await catalog.foreignFiles?.(connector, resolved)) ?? []),
  ];
  return untoldValues({ ...validation, errors }, { connector, catalog, raw: config, resolved });
}

function namesTransforms(config: RawConfig): boolean {
  return listedNames(config['transforms']).length + listedNames(config['predicates']).length > 0;
}

/** The configuration with its variables resolved; what is secret in it is hidden from here on, wherever it turns up (I9). */
export async function resolveConfig(
  connector: Pick<Connector, 'options'>,
  config: RawConfig,
  providers: ConfigProviders,
  redactor: SecretListener | undefined,
): Promise<RawConfig> {
  const { config: resolved, values } = await providers.substitute(config);
  if (redactor === undefined) return resolved;
  const isHidden = secretTest(connector, config);
  for (const value of values.filter(isHidden)) redactor.learnParts(value);
  for (const value of secretsOf(connector, config, resolved).filter(isHidden)) redactor.learn(value);
  return resolved;
}

/** Ports and counts: hiding them would spoil every text with numbers. */
const SHORT_NUMBER = /^\d{1,5}$/;

/** What another option says in clear is no secret: a password that is also the user's name, say. */
function secretTest({ options }: Pick<Connector, 'options'>, config: RawConfig): (value: string) => boolean {
  const shown = new Set(Object.values(redact([options], config)));
  return (value) => !shown.has(value) && !SHORT_NUMBER.test(value);
}

/** Secrets of a configuration: what its options say are, passwords in addresses, and what is made with variables. */
function secretsOf({ options }: Pick<Connector, 'options'>, config: RawConfig, resolved: RawConfig): readonly string[] {
  return Object.entries(resolved).flatMap(([key, value]) => [
    ...(value === config[key] ? [] : [value]),
    ...secretsIn([options], key, value),
  ]);
}

/** A configuration under the name it is stored by, where it has none of its own. */
export function withName(name: string, config: RawConfig): RawConfig {
  return config['name'] === undefined ? { ...config, name } : config;
}

/** A secret that comes back as it was shown, but that nobody stored. */
export function hiddenErrors(config: RawConfig): OptionError[] {
  return Object.entries(config)
    .filter(([, value]) => value === HIDDEN || value.includes(`:${HIDDEN}@`))
    .map(([key]) => ({
      key,
      message: `Invalid value ${HIDDEN} for configuration ${key}: this is what answers show instead of a secret`,
      reason: 'invalid',
      remedy: `Set ${key} to the secret itself, or to a variable such as \${file:/path:${key}}.`,
    }));
}
