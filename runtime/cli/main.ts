#!/usr/bin/env node
import { nodeProblem } from './node-version.ts';

const problem = nodeProblem(process.versions.node);
if (problem === null) {
  // Only now: an older Node knows neither the function nor what is imported then.
  const { enableCompileCache } = await import('node:module');
  // Compiled code is kept between starts; where no cache can be written, nothing is lost.
  enableCompileCache();
  const { run } = await import('./run.ts');
  await run(process.argv.slice(2));
} else {
  process.stderr.write(`error: ${problem}\n`);
  process.exitCode = 1;
}
