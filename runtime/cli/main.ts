#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Compiled code is kept between starts; where no cache can be written, nothing is lost.
enableCompileCache();
const { run } = await import('./run.ts');
await run(process.argv.slice(2));
