import type { Command } from 'commander';
import { createSecretKey } from '../app/access-files.ts';
import { json, paint, type CliIo } from './cli-io.ts';

/** `millrace secret …` */
export function defineSecret(command: Command, io: CliIo): void {
  command
    .description(
      'Makes keys that encrypt secrets of connector configurations at rest, in the file that the worker option millrace.config.secret.file names.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  millrace secret create --file millrace.keys\n  millrace worker --set millrace.config.secret.file=millrace.keys',
    );
  command
    .command('create')
    .description(
      'make a key; where the file has keys, the new one is put first: it encrypts, the others still decrypt. A worker takes it up at its next start and encrypts anew what it has stored',
    )
    .requiredOption('-f, --file <path>', 'the file of keys')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  millrace secret create --file millrace.keys')
    .exitOverride()
    .action(async ({ file, json: asJson }: { file: string; json?: boolean }) => {
      await createSecretKey(file);
      io.out(asJson === true ? json({ file, result: 'created' }) : `${paint(io, 'green', 'created')} a key in ${file}`);
    });
}
