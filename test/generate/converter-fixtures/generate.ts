/**
 * Makes test/fixtures/convert: runs Kafka Connect's own converters on the cases of this folder. Needs a JDK
 * (19 or newer, for its texts of floats) and Maven, which resolves the artifacts of pom.xml.
 *
 *     node test/generate/converter-fixtures/generate.ts [folder for the jars]
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { converterCases } from './cases.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const fixture = fileURLToPath(new URL('../../fixtures/convert/kafka.jsonl', import.meta.url));
const jars = process.argv[2] ?? join(mkdtempSync(join(tmpdir(), 'converter-fixtures-')), 'jars');

if (!existsSync(jars) || readdirSync(jars).length === 0) {
  const goal = ['-q', '-B', '-f', join(here, 'pom.xml'), 'dependency:copy-dependencies', '-DincludeScope=runtime'];
  execFileSync('mvn', [...goal, `-DoutputDirectory=${jars}`], { stdio: ['ignore', 'inherit', 'inherit'] });
}

const cases = converterCases();
const locale = ['-Duser.language=en', '-Duser.country=US', '-Duser.timezone=UTC'];
const java = process.env['JAVA_HOME'] === undefined ? 'java' : join(process.env['JAVA_HOME'], 'bin', 'java');
const lines = execFileSync(java, [...locale, '-cp', `${jars}/*`, join(here, 'RunConverters.java')], {
  input: cases.map((one) => `${JSON.stringify(one)}\n`).join(''),
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
  stdio: ['pipe', 'pipe', 'ignore'],
});
writeFileSync(fixture, lines);
process.stdout.write(`${cases.length} cases, ${lines.length} bytes\n`);
