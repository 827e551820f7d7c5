/**
 * Makes test/fixtures/transform: runs Kafka Connect's and Debezium's own transforms on the cases of
 * this folder. Needs a JDK (19 or newer, for its texts of floats) and Maven, which resolves the artifacts of pom.xml.
 *
 *     node test/generate/transform-fixtures/generate.ts [folder for the jars]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Case } from './data.ts';
import { debeziumCases } from './debezium-cases.ts';
import { kafkaCases } from './kafka-cases.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const fixtures = fileURLToPath(new URL('../../fixtures/transform/', import.meta.url));
const jars = process.argv[2] ?? join(mkdtempSync(join(tmpdir(), 'transform-fixtures-')), 'jars');

if (!existsSync(jars) || readdirSync(jars).length === 0) {
  const goal = ['-q', '-B', '-f', join(here, 'pom.xml'), 'dependency:copy-dependencies', '-DincludeScope=runtime'];
  execFileSync('mvn', [...goal, `-DoutputDirectory=${jars}`], { stdio: ['ignore', 'inherit', 'inherit'] });
}

function run(cases: readonly Case[]): string {
  const input = cases.map((one) => `${JSON.stringify(one)}\n`).join('');
  const locale = ['-Duser.language=en', '-Duser.country=US', '-Duser.timezone=UTC'];
  const java = process.env['JAVA_HOME'] === undefined ? 'java' : join(process.env['JAVA_HOME'], 'bin', 'java');
  return execFileSync(java, [...locale, '-cp', `${jars}/*`, join(here, 'RunTransforms.java')], {
    input,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

for (const [name, cases] of Object.entries({ kafka: kafkaCases(), debezium: debeziumCases() })) {
  const lines = run(cases);
  writeFileSync(join(fixtures, `${name}.jsonl`), lines);
  process.stdout.write(`${name}: ${cases.length} cases, ${lines.length} bytes\n`);
}
