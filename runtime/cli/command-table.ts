import type { Command } from 'commander';
import type { CliIo } from './cli-io.ts';

/** Adds a command's options and action; its arguments stand in its name already. */
type Define = (command: Command, io: CliIo) => void;

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loaded only when the command is called, or its help is asked for. */
  readonly load: () => Promise<Define>;
}

/** What the scripts of `millrace completion` call with the words typed so far, the last of which may be empty. */
export const COMPLETE = '__complete';

/** All commands, in the order `--help` shows them. A new one is a file here in this folder and a line. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'worker',
    summary: 'run connectors: a worker with its hub and its REST API',
    load: async () => (await import('./worker.ts')).defineWorker,
  },
  {
    name: 'apply',
    summary: 'create or update connectors from files',
    load: async () => (await import('./apply.ts')).defineApply,
  },
  {
    name: 'connectors',
    summary: 'list, watch and control connectors',
    load: async () => (await import('./connectors.ts')).defineConnectors,
  },
  {
    name: 'top',
    summary: 'where the time of each task goes, live',
    load: async () => (await import('./top.ts')).defineTop,
  },
  {
    name: 'deadletters',
    summary: 'list, show, redrive and discard records that could not be processed',
    load: async () => (await import('./deadletters.ts')).defineDeadLetters,
  },
  {
    name: 'plugins',
    summary: 'list connectors and converters, and their options',
    load: async () => (await import('./plugins.ts')).definePlugins,
  },
  {
    name: 'topics',
    summary: 'list, describe, create and read topics',
    load: async () => (await import('./topics.ts')).defineTopics,
  },
  {
    name: 'context',
    summary: 'keep the addresses of workers by name',
    load: async () => (await import('./context.ts')).defineContext,
  },
  {
    name: 'token',
    summary: 'make and revoke tokens for a worker’s REST',
    load: async () => (await import('./token.ts')).defineToken,
  },
  {
    name: 'secret',
    summary: 'make keys that encrypt secrets at rest',
    load: async () => (await import('./secret.ts')).defineSecret,
  },
  {
    name: 'loggers',
    summary: 'show and change how much a worker logs',
    load: async () => (await import('./loggers.ts')).defineLoggers,
  },
  {
    name: 'verify',
    summary: 'compare a source with the hub: did I lose a row?',
    load: async () => (await import('./verify.ts')).defineVerify,
  },
  {
    name: 'reindex',
    summary: 'build the search indexes of a sink anew while they serve, then switch to them',
    load: async () => (await import('./reindex.ts')).defineReindex,
  },
  {
    name: 'completion',
    summary: 'completion for bash, zsh and fish',
    load: async () => (await import('./completion.ts')).defineCompletion,
  },
  {
    name: 'demo',
    summary: 'stream a small shop out of a real Postgres, archive it, prove that nothing was lost',
    load: async () => (await import('./demo.ts')).defineDemo,
  },
];
