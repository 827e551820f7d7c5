import { relative, resolve, dirname, sep } from 'node:path';
import { readFileSync, globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Who may import whom. A room may always import itself; what is not listed is forbidden.
 * `docs/architecture.md` explains the arrows.
 */
export const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  record: [],
  env: [],
  observe: ['record', 'env'],
  settings: ['record', 'env', 'connector'],
  connector: ['record', 'env'],
  change: ['record', 'connector', 'env'],
  hub: ['record', 'env', 'observe'],
  convert: ['record', 'connector', 'observe'],
  transform: ['record', 'connector', 'convert', 'change', 'observe'],
  store: ['record', 'hub', 'convert', 'env'],
  task: ['record', 'hub', 'convert', 'transform', 'connector', 'store', 'observe', 'env'],
  cluster: ['record', 'task', 'store', 'hub', 'connector', 'observe', 'settings', 'env'],
  rest: ['record', 'cluster', 'store', 'connector', 'hub', 'observe', 'settings'],
  app: ['*'],
  cli: ['app', 'rest', 'record', 'settings'],
};

/** What a connector may import beside itself. */
const CONNECTOR_ALLOWED: readonly string[] = ['record', 'connector', 'env', 'change'];

export interface WrongImport {
  readonly file: string;
  readonly imported: string;
  readonly reason: string;
}

/** The room of a file: a folder of `runtime/`, `connectors/<name>`, or `connectors` for the registry. */
export function roomOf(path: string): string | undefined {
  const parts = path.split(sep);
  if (parts[0] === 'runtime') return parts[1];
  if (parts[0] !== 'connectors') return undefined;
  return parts.length > 2 ? `connectors/${parts[1]}` : 'connectors';
}

export function mayImport(from: string, to: string): boolean {
  if (from === to) return true;
  if (from === 'connectors') return to.startsWith('connectors/') || to === 'connector';
  if (from.startsWith('connectors/')) return CONNECTOR_ALLOWED.includes(to);
  const allowed = ALLOWED[from] ?? [];
  return allowed.includes('*') || allowed.includes(to);
}

/** Relative imports of a source text, static and dynamic. */
function importsOf(path: string, text: string): readonly string[] {
  const { module } = parseSync(path, text);
  const named = [...module.staticImports, ...module.staticExports.flatMap((statement) => statement.entries)].map(
    (entry) => ('moduleRequest' in entry ? entry.moduleRequest?.value : undefined),
  );
  const dynamic = module.dynamicImports.map((entry) =>
    text.slice(entry.moduleRequest.start + 1, entry.moduleRequest.end - 1),
  );
  return [...named, ...dynamic].filter((name): name is string => name?.startsWith('.') === true);
}

/** Checks one file; `path` is relative to the project. */
export function checkFile(path: string, text: string): readonly WrongImport[] {
  const from = roomOf(path);
  if (from === undefined) return [];
  const wrong: WrongImport[] = [];
  for (const imported of importsOf(path, text)) {
    const target = relative(ROOT, resolve(ROOT, dirname(path), imported));
    const to = roomOf(target);
    if (to === undefined) wrong.push({ file: path, imported, reason: 'product code imports only product code' });
    else if (!mayImport(from, to)) wrong.push({ file: path, imported, reason: `${from} may not import ${to}` });
  }
  const edges = from !== 'app' && from !== 'cli' && from !== 'env';
  if (edges && /new Date\(\)/.test(text)) {
    wrong.push({ file: path, imported: 'new Date()', reason: 'the time comes from Env.clock' });
  }
  return wrong;
}

/** All wrong imports of the project. */
export function checkProject(): readonly WrongImport[] {
  const files = globSync(['runtime/**/*.ts', 'connectors/**/*.ts'], { cwd: ROOT });
  return files.flatMap((file) => checkFile(file, readFileSync(resolve(ROOT, file), 'utf8')));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wrong = checkProject();
  for (const { file, imported, reason } of wrong) console.error(`${file}: ${imported}: ${reason}`);
  if (wrong.length > 0) process.exitCode = 1;
}
