import type { RawConfig } from '../../connector/options.ts';
import { converterName } from '../../convert/converter-classes.ts';
import { MillraceError } from '../../record/error.ts';
import { listSetting, setting, type SettingsOf } from '../../task/task-settings.ts';

/** The header that tells a key change: without it an image of a moved row would be read wrongly. */
const OLD_KEY = '__debezium.oldkey';

/** Transforms that leave key, value and topic as they are, each with a test of its own options. */
const HEADERS_ONLY: Readonly<Record<string, (option: (key: string) => string) => boolean>> = {
  InsertHeader: (option) => option('header').trim() !== OLD_KEY,
  DropHeaders: (option) =>
    !option('headers')
      .split(',')
      .some((name) => name.trim() === OLD_KEY),
  HeaderFrom$Key: (option) => option('operation').trim().toLowerCase() === 'copy',
  HeaderFrom$Value: (option) => option('operation').trim().toLowerCase() === 'copy',
};

/** An archive is told by the topic its records came from, whatever their topic is then called. */
const ROUTERS: ReadonlySet<string> = new Set(['RegexRouter', 'TimestampRouter']);

/**
 * Throws where change events cannot be read back from what a source writes: what is not recognised would look like
 * rows that were lost, the worst that could be said wrongly.
 */
export function refuseSource(name: string, of: SettingsOf): void {
  refuseTransforms(name, of.config, false);
  refuseConverters(name, of);
}

/** Likewise of the archive that a sink writes. */
export function refuseArchive(name: string, of: SettingsOf): void {
  refuseTransforms(name, of.config, true);
  refuseConverters(name, of);
}

function refuseTransforms(name: string, config: RawConfig, routes: boolean): void {
  for (const alias of listSetting({ config, worker: {} }, 'transforms', null)) {
    const written = config[`transforms.${alias}.type`]?.trim() ?? '';
    const type = written.slice(written.lastIndexOf('.') + 1);
    const leaves = Object.hasOwn(HEADERS_ONLY, type) ? HEADERS_ONLY[type] : undefined;
    if (leaves?.((key) => config[`transforms.${alias}.${key}`] ?? '') === true) continue;
    if (routes && ROUTERS.has(type)) continue;
    throw new MillraceError(
      'VERIFY_TRANSFORMED',
      `${name} cannot be compared: its transform ${alias} (${type}) may change, move or drop change events`,
      {
        kind: 'config',
        key: 'transforms',
        remedy: routes
          ? 'Compare an archive whose sink has no transforms but those of headers and topic names (docs/verify.md).'
          : 'Verify a source that has no transforms but those of headers; give the transforms to the sinks (docs/verify.md).',
      },
    );
  }
}

function refuseConverters(name: string, of: SettingsOf): void {
  for (const key of ['key.converter', 'value.converter'] as const) {
    const written = setting(of, key)?.trim();
    if (written === undefined || converterName(written) === 'json') continue;
    throw new MillraceError(
      'VERIFY_CONVERTER',
      `${name} cannot be compared: ${key} ${written} keeps no change events`,
      {
        kind: 'config',
        key,
        remedy: 'Only what JsonConverter writes can be compared (docs/verify.md).',
      },
    );
  }
}
