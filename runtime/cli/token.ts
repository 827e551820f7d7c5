import type { Command } from 'commander';
import { createToken, listTokens, revokeToken } from '../app/access-files.ts';
import { ROLES, type Role } from '../settings/token-file.ts';
import { json, paint, table, type CliIo } from './cli-io.ts';
import { usage } from './flags.ts';

interface Flags {
  readonly file: string;
  readonly json?: boolean;
}

/** `millrace token …` */
export function defineToken(command: Command, io: CliIo): void {
  command
    .description(
      'Makes and revokes bearer tokens for REST, in the file that the worker option millrace.rest.tokens.file names. A running worker sees changes within a second. The file holds hashes: a token is printed once, when it is made.',
    )
    .addHelpText(
      'after',
      `
Roles: viewer reads; operator also pauses, resumes, stops, restarts and sets log levels; admin also changes configurations, offsets and topics.

Examples:
  millrace token create --file tokens.json --role admin --name me
  millrace token list --file tokens.json
  millrace token revoke me --file tokens.json`,
    );
  defineCreate(command, io);
  defineList(command, io);
  defineRevoke(command, io);
}

function sub(command: Command, name: string, summary: string, example: string): Command {
  return command
    .command(name)
    .description(summary)
    .requiredOption('-f, --file <path>', 'the file of tokens')
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExamples:\n  millrace token ${example}`)
    .exitOverride();
}

function defineCreate(command: Command, io: CliIo): void {
  sub(command, 'create', 'make a token and print it, once', 'create --file tokens.json --role viewer --name grafana')
    .requiredOption(
      '-r, --role <role>',
      'viewer (reads), operator (also pauses, stops, restarts), or admin (also changes configurations, offsets, topics)',
    )
    .requiredOption('-n, --name <name>', 'whose it is; stands in the audit log')
    .action(async (flags: Flags & { role: string; name: string }) => {
      const role = ROLES.find((one) => one === flags.role);
      if (role === undefined) throw usage(`--role ${flags.role}: one of ${ROLES.join(', ')} is needed`, '--role');
      if (flags.name.trim() === '') throw usage('--name: a name is needed', '--name');
      await printNew(flags, flags.name.trim(), role, io);
    });
}

async function printNew(flags: Flags, name: string, role: Role, io: CliIo): Promise<void> {
  const token = await createToken(flags.file, name, role);
  if (flags.json === true) {
    io.out(json({ name, role, token }));
    return;
  }
  io.err(`Token of ${name} (${role}). It is shown this once:`);
  io.out(token);
}

function defineList(command: Command, io: CliIo): void {
  sub(command, 'list', 'list tokens by name', 'list --file tokens.json').action(async (flags: Flags) => {
    const tokens = await listTokens(flags.file);
    if (flags.json === true) io.out(json(tokens.map(({ name, role, created }) => ({ name, role, created }))));
    else
      table(
        io,
        ['NAME', 'ROLE', 'CREATED'],
        tokens.map(({ name, role, created }) => [name, role, created]),
      );
  });
}

function defineRevoke(command: Command, io: CliIo): void {
  sub(command, 'revoke <name>', 'revoke a token', 'revoke grafana --file tokens.json').action(
    async (name: string, flags: Flags) => {
      await revokeToken(flags.file, name);
      io.out(flags.json === true ? json({ name, result: 'revoked' }) : `${paint(io, 'green', 'revoked')} ${name}`);
    },
  );
}
