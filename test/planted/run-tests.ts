import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/** A test that ran. */
export interface TestResult {
  /** Relative to the project. */
  readonly file: string;
  /** With the names of the groups it is in. */
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Of a failure. */
  readonly message: string;
}

export interface TestRun {
  readonly tests: readonly TestResult[];
  /** Why files did not run at all: an import or a compile error, the time limit. */
  readonly broken: readonly string[];
}

export interface TestSelection {
  readonly files: readonly string[];
  /** Parts of the names of tests; none: all. */
  readonly only: readonly string[];
  /** Stop at the first failure. */
  readonly bail: boolean;
  readonly limitMs: number;
}

/** Longest time of a single test: a planted bug may make one wait for what never comes. */
const TEST_MS = 30_000;

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** Runs test files of the project in `root` in a vitest of their own, and reads its JSON report. */
export async function runTests(root: string, selection: TestSelection): Promise<TestRun> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-report-'));
  const report = join(folder, 'report.json');
  try {
    const output = await vitest(root, report, selection);
    const text = await readFile(report, 'utf8').catch(() => null);
    if (text === null) return { tests: [], broken: [output] };
    return readReport(root, JSON.parse(text) as Report);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The last lines it printed, for when there is no report. */
function vitest(root: string, report: string, { files, only, bail, limitMs }: TestSelection): Promise<string> {
  const projects = new Set(files.map((file) => file.split('/')[1] ?? ''));
  const child = spawn(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...[...projects].flatMap((project) => ['--project', project]),
      ...files,
      ...(only.length === 0 ? [] : ['--testNamePattern', only.map(literally).join('|')]),
      ...(bail ? ['--bail', '1'] : []),
      '--testTimeout',
      String(TEST_MS),
      '--reporter=json',
      `--outputFile=${report}`,
    ],
    // A process group of its own: the time limit ends the servers of its tests with it.
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  let output = '';
  const take = (bytes: Buffer): void => void (output = (output + bytes.toString()).slice(-2000));
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return new Promise((resolve, reject) => {
    let late = '';
    const timer = setTimeout(() => {
      late = `not finished after ${limitMs} ms\n`;
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, limitMs);
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(timer);
      resolve(late + output);
    });
  });
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

function readReport(root: string, { testResults }: Report): TestRun {
  const tests: TestResult[] = [];
  const broken: string[] = [];
  for (const { name, message = '', assertionResults } of testResults) {
    const file = relative(root, name);
    if (assertionResults.length === 0) broken.push(`${file}: ${message}`);
    for (const { fullName, status, failureMessages = [] } of assertionResults) {
      const outcome = status === 'passed' || status === 'failed' ? status : 'skipped';
      tests.push({ file, name: fullName, outcome, message: failureMessages.join('\n') });
    }
  }
  return { tests, broken };
}
