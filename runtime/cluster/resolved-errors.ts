import type { Connector } from '../connector/connector.ts';
import { defaultText } from '../connector/config-def.ts';
import {
  declared,
  findOption,
  isAccepted,
  type OptionError,
  type OptionSet,
  type RawConfig,
} from '../connector/options.ts';
import { remoteErrors } from '../connector/remote-connector.ts';
import { redact } from '../connector/secrets.ts';
import { validateConfig, validatedSets, type Validation } from '../connector/validate.ts';
import type { PluginCatalog } from './plugin-catalog.ts';

interface Resolution {
  readonly connector: Connector;
  readonly catalog: PluginCatalog;
  /** As it was written. */
  readonly raw: RawConfig;
  /** Its variables replaced. */
  readonly resolved: RawConfig;
}

/**
 * What a validation of resolved values may say (I9): nothing that depends on what a variable stands for.
 *
 * - An error of an option that is written with a variable is told with the variable, and with the problem in
 *   words that are the same for every value.
 * - An error of another option is told as it is where it is there too when the variables stand for something
 *   else; where it is not, it is told without saying more.
 * - Options that are there because of a value (those of the transforms it lists) are not shown.
 */
export async function untoldValues(found: Validation, of: Resolution): Promise<Validation> {
  const variables = Object.keys(of.raw).filter((key) => of.raw[key] !== of.resolved[key]);
  if (variables.length === 0) return found;
  const { connector, catalog, raw, resolved } = of;
  const elsewhere = standIns(found.sets, raw, resolved, variables);
  const sets = validatedSets(connector, elsewhere, catalog);
  const told = new Set((await errorsOf(connector, elsewhere, catalog)).map(identity));
  const shown = redact(sets, raw);
  const errors = found.errors.map((error): OptionError => {
    if (variables.includes(error.key)) return ownError(error, shown);
    return told.has(identity(error)) ? error : dependentError(error, { sets, shown, variables });
  });
  return { ...found, sets, errors: distinct(errors) };
}

function identity({ key, message, remedy = '' }: OptionError): string {
  return `${key}\n${message}\n${remedy}`;
}

/** A connector that stumbles over made-up values says nothing of them. */
async function errorsOf(
  connector: Connector,
  config: RawConfig,
  catalog: PluginCatalog,
): Promise<readonly OptionError[]> {
  try {
    const { errors } = validateConfig(connector, config, catalog);
    return [...errors, ...(await remoteErrors(connector, config, errors))];
  } catch {
    return [];
  }
}

/** The configuration with other values than its variables stand for: ones that its options take, as far as there are. */
function standIns(
  sets: readonly OptionSet[],
  raw: RawConfig,
  resolved: RawConfig,
  variables: readonly string[],
): RawConfig {
  const made = variables.map((key): [string, string] => {
    const text = raw[key] ?? '';
    const schema = sets.map((set) => findOption(set, key)).find((one) => one !== undefined);
    if (schema === undefined) return [key, text];
    const { enum: words = [], minimum = 1 } = declared(schema);
    const usual = defaultText(schema);
    const some = [...(usual === null ? [] : [usual]), ...words, String(minimum), text, 'true', 'false', 'x'];
    const fitting = some.find((one) => one !== resolved[key] && isAccepted(key, schema, one));
    return [key, fitting ?? text];
  });
  return { ...raw, ...Object.fromEntries(made) };
}

function ownError({ key, reason, problem = 'what it stands for is not accepted' }: OptionError, shown: RawConfig) {
  const message = `Invalid value ${shown[key] ?? ''} for configuration ${key}: ${problem}`;
  return { key, message, reason, problem, remedy: `Correct ${key}, or what its variable stands for.` };
}

function dependentError(
  error: OptionError,
  { sets, shown, variables }: { sets: readonly OptionSet[]; shown: RawConfig; variables: readonly string[] },
): OptionError {
  const { key, reason } = error;
  // A key that nobody wrote or declared has its name from a value.
  const known = Object.hasOwn(shown, key) || sets.some(({ schema }) => Object.hasOwn(schema.properties, key));
  const owner = variables.find((one) => key.startsWith(`${one}.`)) ?? variables[0] ?? '';
  if (!known) return ownError({ key: owner, message: '', reason }, shown);
  const others = variables.join(', ');
  const message = `Configuration ${key} does not go with what is meant by the variables in ${others}`;
  return { key, message, reason, remedy: `Correct ${key}, or what the variables in ${others} stand for.` };
}

function distinct(errors: readonly OptionError[]): readonly OptionError[] {
  return [...new Map(errors.map((error) => [identity(error), error])).values()];
}
