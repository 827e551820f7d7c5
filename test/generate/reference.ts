import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registeredConnectors } from '../../connectors/registry.ts';
import { sinkOptions, sourceOptions } from '../../runtime/connector/connector-options.ts';
import { openApiDocument } from '../../runtime/rest/openapi/document.ts';
import { workerOptions } from '../../runtime/settings/worker-options.ts';
import { cliPage } from './cli-page.ts';
import { grafanaDashboard } from './grafana-dashboard.ts';
import { configSchema } from './json-schemas.ts';
import { metricsPage } from './metrics-page.ts';
import { optionPage } from './option-pages.ts';
import { transformPage } from './transform-page.ts';

/**
 * Writes `schemas/`, `docs/reference/`, `docs/metrics.md` and `config/grafana/` from the declarations in the code; with `--check` says
 * which files differ from what it would write, and exits 1.
 */
const ROOT = new URL('../../', import.meta.url);

/** Every generated file by its path in the repository. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const schema = (id: string, title: string, sets: Parameters<typeof configSchema>[2]): void => {
    files.set(`schemas/${id}.schema.json`, `${JSON.stringify(configSchema(id, title, sets), null, 2)}\n`);
  };
  schema('worker', 'millrace worker', [workerOptions]);
  files.set('docs/reference/worker.md', optionPage('Worker options', WORKER_INTRO, workerOptions));
  files.set(
    'docs/reference/source-connectors.md',
    optionPage('Options of all source connectors', SHARED_INTRO, sourceOptions),
  );
  files.set(
    'docs/reference/sink-connectors.md',
    optionPage('Options of all sink connectors', SHARED_INTRO, sinkOptions),
  );
  files.set('docs/reference/cli.md', await cliPage());
  files.set('docs/metrics.md', metricsPage());
  files.set('config/grafana/millrace.json', grafanaDashboard());
  files.set('docs/reference/transforms.md', transformPage());
  files.set('schemas/openapi.json', `${JSON.stringify(openApiDocument(), null, 2)}\n`);
  for (const { className, aliases, kind, load } of registeredConnectors) {
    const { options } = await load();
    const shared = kind === 'source' ? sourceOptions : sinkOptions;
    schema(`connectors/${className}`, `millrace ${className} ${kind}`, [options, shared]);
    const intro = connectorIntro(className, aliases, kind);
    files.set(`docs/reference/connectors/${className}.md`, optionPage(`${className} ${kind}`, intro, options));
  }
  return files;
}

const WORKER_INTRO = `Written in JSON or as a \`.properties\` file: \`millrace worker worker.properties\`. Keys are Kafka Connect's; what has no counterpart
there begins with \`millrace.\`. JSON Schema: [\`schemas/worker.schema.json\`](../../schemas/worker.schema.json).`;

const SHARED_INTRO = `These stand beside a connector's own options. Unknown keys are kept and named in the log; one that looks misspelt is refused.`;

function connectorIntro(className: string, aliases: readonly string[], kind: string): string {
  const names = [className, ...aliases].map((name) => `\`${name}\``).join(' or ');
  return `\`connector.class\`: ${names}. Options of [all ${kind} connectors](../${kind}-connectors.md) apply too. JSON Schema:
[\`schemas/connectors/${className}.schema.json\`](../../../schemas/connectors/${className}.schema.json).`;
}

/** Files that differ from what the code says. */
export async function staleFiles(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [path, text] of await generatedFiles()) {
    const present = await readFile(new URL(path, ROOT), 'utf8').catch(() => '');
    if (present !== text) stale.push(path);
  }
  return stale;
}

async function main(check: boolean): Promise<number> {
  if (check) {
    const stale = await staleFiles();
    for (const path of stale) console.error(`${path} differs from the code: run node test/generate/reference.ts`);
    return stale.length === 0 ? 0 : 1;
  }
  for (const [path, text] of await generatedFiles()) {
    const file = fileURLToPath(new URL(path, ROOT));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.includes('--check'));
