import type { Command } from 'commander';
import type { ConnectorInfo, ConnectorOffsets } from '../rest/api.ts';
import { json, table, type CliIo } from './cli-io.ts';
import { collect, keyValue, usage } from './flags.ts';
import { workerOf, type PlaceFlags } from './place.ts';
import { segment } from './rest-client.ts';
import { messageOf } from '../record/thrown.ts';

interface Flags extends PlaceFlags {
  readonly json?: boolean;
}

type Sub = (command: Command, name: string, summary: string, example: string) => Command;

/** `millrace connectors config|offsets|topics`: what a connector is, where it stands, what it has used. */
export function defineInspect(command: Command, io: CliIo, sub: Sub): void {
  defineConfig(command, io, sub);
  defineOffsets(command, io, sub);
  defineTopics(command, io, sub);
}

function defineConfig(command: Command, io: CliIo, sub: Sub): void {
  sub(command, 'config <name>', 'show the configuration, or change single keys', 'config shop --set tasks.max=2')
    .option('--set <key=value>', 'set a key', collect, [])
    .option('--unset <key>', 'remove a key', collect, [])
    .action(async (name: string, flags: Flags & { set: readonly string[]; unset: readonly string[] }) => {
      const client = await workerOf(flags, io);
      const path = `/connectors/${segment(name)}/config`;
      const set = flags.set.map((text) => keyValue('--set', text));
      const unset = flags.unset.map((key): [string, null] => [key, null]);
      const patch = Object.fromEntries([...set, ...unset]);
      const config =
        set.length + unset.length === 0
          ? await client.request<Record<string, string>>('GET', path)
          : (await client.request<ConnectorInfo>('PATCH', path, patch)).config;
      if (flags.json === true) io.out(json(config));
      else for (const key of Object.keys(config).toSorted()) io.out(`${key}=${config[key]}`);
    });
}

function defineOffsets(command: Command, io: CliIo, sub: Sub): void {
  sub(command, 'offsets <name>', 'show offsets, or change those of a stopped connector', 'offsets shop')
    .option('--set <json>', 'alter them: [{"partition": {…}, "offset": {…}}]; an offset null forgets the partition')
    .option('--reset', 'forget all: the connector begins anew')
    .action(async (name: string, flags: Flags & { set?: string; reset?: boolean }) => {
      const client = await workerOf(flags, io);
      const path = `/connectors/${segment(name)}/offsets`;
      if (flags.reset === true || flags.set !== undefined) {
        const offsets = flags.reset === true ? undefined : { offsets: parseOffsets(flags.set ?? '') };
        const method = flags.reset === true ? 'DELETE' : 'PATCH';
        const { message } = await client.request<{ message: string }>(method, path, offsets);
        io.out(flags.json === true ? json({ name, message }) : message);
        return;
      }
      const answer = await client.request<ConnectorOffsets>('GET', path);
      if (flags.json === true) {
        io.out(json(answer));
        return;
      }
      const rows = answer.offsets.map(({ partition, offset }) => [json(partition), json(offset)]);
      table(io, ['PARTITION', 'OFFSET'], rows);
    });
}

function parseOffsets(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usage(`--set is not JSON: ${messageOf(error)}`, '--set');
  }
}

function defineTopics(command: Command, io: CliIo, sub: Sub): void {
  sub(command, 'topics <name>', 'show the topics it has used', 'topics shop')
    .option('--reset', 'forget them')
    .action(async (name: string, flags: Flags & { reset?: boolean }) => {
      const client = await workerOf(flags, io);
      // Connect knows no connector here that has used no topic: ask first whether there is one.
      await client.request('GET', `/connectors/${segment(name)}`);
      const path = `/connectors/${segment(name)}/topics`;
      if (flags.reset === true) await client.request('PUT', `${path}/reset`);
      const answer = await client.request<Record<string, { topics: string[] }>>('GET', path);
      const topics = answer[name]?.topics.toSorted() ?? [];
      if (flags.json === true) io.out(json(topics));
      else for (const topic of topics) io.out(topic);
    });
}
