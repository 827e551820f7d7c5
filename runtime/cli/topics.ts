import type { Command } from 'commander';
import type { TopicChange } from '../app/alter-topic.ts';
import { alterLocalTopic, createTopic, describeTopic, listTopics } from '../app/local-topics.ts';
import { MillraceError } from '../record/error.ts';
import { json, table, type CliIo } from './cli-io.ts';
import { collect, keyValue, usage, wholeNumber } from './flags.ts';
import { hubOf, withHub, withWorker, workerOf, type PlaceFlags } from './place.ts';
import { defineProduce } from './topics-produce.ts';
import { defineTail } from './topics-tail.ts';

interface Flags extends PlaceFlags {
  readonly json?: boolean;
}

/** `millrace topics …` */
export function defineTopics(command: Command, io: CliIo): void {
  command
    .description(
      'Looks at the topics of an embedded hub, also while a worker writes it, and produces records through the worker.',
    )
    .addHelpText(
      'after',
      `
Examples:
  millrace topics list
  millrace topics describe shop.public.orders
  millrace topics create orders --partitions 3 --config retention.ms=604800000
  millrace topics alter orders --partitions 6
  millrace topics alter orders --config retention.ms=86400000 --unset cleanup.policy
  millrace topics produce orders --key 1 --value '{"id": 1}'
  millrace topics tail shop.public.orders --from-beginning --max 10`,
    );
  defineList(command, io);
  defineDescribe(command, io);
  defineCreate(command, io);
  defineAlter(command, io);
  const produce = command.command('produce <topic>').description('append records through the running worker');
  defineProduce(withWorker(produce).option('--json', 'print where each record stands as JSON').exitOverride(), io);
  defineTail(sub(command, 'tail <topic>', 'print records, and new ones as they come'), io);
}

function sub(command: Command, name: string, summary: string, example?: string): Command {
  const made = withHub(command.command(name).description(summary)).option('--json', 'print JSON').exitOverride();
  return example === undefined ? made : made.addHelpText('after', `\nExamples:\n  millrace topics ${example}`);
}

function defineList(command: Command, io: CliIo): void {
  sub(command, 'list', 'list topics with their sizes', 'list').action(async (flags: Flags) => {
    const topics = await listTopics(await hubOf(flags, io));
    if (flags.json === true) {
      io.out(json(topics));
      return;
    }
    const rows = topics.map(({ name, partitions, records, bytes }) => [
      name,
      `${partitions}`,
      `${records}`,
      `${bytes}`,
    ]);
    table(io, ['TOPIC', 'PARTITIONS', 'RECORDS', 'BYTES'], rows);
  });
}

function defineDescribe(command: Command, io: CliIo): void {
  sub(command, 'describe <topic>', 'show settings and partitions', 'describe shop.public.orders').action(
    async (topic: string, flags: Flags) => {
      const found = await describeTopic(await hubOf(flags, io), topic);
      if (flags.json === true) {
        io.out(json(found));
        return;
      }
      io.out(`${found.name} (${found.id})`);
      for (const [key, value] of Object.entries(found.config)) io.out(`  ${key}=${value}`);
      const rows = found.offsets.map(({ partition, earliest, latest, bytes }) => [
        `${partition}`,
        `${earliest}`,
        `${latest}`,
        `${bytes}`,
      ]);
      table(io, ['PARTITION', 'EARLIEST', 'LATEST', 'BYTES'], rows);
    },
  );
}

interface CreateFlags extends Flags {
  readonly partitions: string;
  readonly config: readonly string[];
}

interface AlterFlags extends Flags {
  readonly partitions?: string;
  readonly config: readonly string[];
  readonly unset: readonly string[];
}

function defineCreate(command: Command, io: CliIo): void {
  withWorker(
    sub(command, 'create <topic>', 'create a topic; through the worker where one writes the hub', 'create orders -p 3'),
  )
    .option('-p, --partitions <count>', 'partitions', '1')
    .option('-c, --config <key=value>', 'a topic setting', collect, [])
    .action(async (topic: string, flags: CreateFlags) => {
      const partitions = wholeNumber('--partitions', flags.partitions, 1);
      const config = Object.fromEntries(flags.config.map((text) => keyValue('--config', text)));
      try {
        await createTopic(await hubOf(flags, io), topic, partitions, config);
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== 'HUB_IN_USE') throw error;
        const client = await workerOf(flags, io);
        await client.request('POST', '/topics', { name: topic, partitions, config });
      }
      io.out(flags.json === true ? json({ name: topic, partitions, config }) : `created ${topic}`);
    });
}

function defineAlter(command: Command, io: CliIo): void {
  withWorker(
    sub(
      command,
      'alter <topic>',
      'give a topic more partitions, or other settings; through the worker where one writes the hub',
      'alter orders -p 6',
    ),
  )
    .option('-p, --partitions <count>', 'partitions in all')
    .option('-c, --config <key=value>', 'a topic setting; the others stay', collect, [])
    .option('--unset <key>', 'a topic setting that has its default again', collect, [])
    .action(async (topic: string, flags: AlterFlags) => {
      const change = changeOf(flags);
      try {
        await alterLocalTopic(await hubOf(flags, io), topic, change);
      } catch (error) {
        if (!(error instanceof MillraceError) || error.code !== 'HUB_IN_USE') throw error;
        const client = await workerOf(flags, io);
        await client.request('PATCH', `/topics/${encodeURIComponent(topic)}`, change);
      }
      const done = 'partitions' in change ? `${topic} has ${change.partitions} partitions` : `altered ${topic}`;
      io.out(flags.json === true ? json({ name: topic, ...change }) : done);
    });
}

function changeOf({ partitions, config, unset }: AlterFlags): TopicChange {
  const both = config.map((text) => keyValue('--config', text)[0]).find((key) => unset.includes(key));
  if (both !== undefined) throw usage(`${both} is to be set and to have its default again`, '--unset');
  const settings = [
    ...config.map((text) => keyValue('--config', text)),
    ...unset.map((key): [string, null] => [key, null]),
  ];
  if ((partitions === undefined) === (settings.length === 0)) {
    throw usage('either --partitions, or --config and --unset are needed', '--partitions');
  }
  if (partitions === undefined) return { config: Object.fromEntries(settings) };
  return { partitions: wholeNumber('--partitions', partitions, 1) };
}
