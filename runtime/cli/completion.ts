import type { Command } from 'commander';
import type { CliIo } from './cli-io.ts';
import { COMPLETE } from './command-table.ts';
import { usage } from './flags.ts';

/** Asks the command line itself at each press of the key: names of connectors and topics are those of now. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_millrace() {
  local IFS=$'\\n'
  COMPREPLY=($(millrace ${COMPLETE} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _millrace millrace`,
  zsh: `#compdef millrace
_millrace() {
  local -a found
  found=("\${(@f)$(millrace ${COMPLETE} "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
compdef _millrace millrace`,
  fish: `complete -c millrace -a '(millrace ${COMPLETE} (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`,
};

const SHELLS: readonly string[] = Object.keys(SCRIPTS);

/** `millrace completion SHELL` */
export function defineCompletion(command: Command, io: CliIo): void {
  command
    .argument('<shell>', SHELLS.join(', '))
    .option('--json', 'print JSON')
    .description(
      'Prints what a shell needs to complete commands, options, and the names of connectors, topics, contexts and plugins.',
    )
    .addHelpText(
      'after',
      `
Examples:
  source <(millrace completion bash)                                        # in ~/.bashrc
  source <(millrace completion zsh)                                         # in ~/.zshrc, after compinit
  millrace completion fish > ~/.config/fish/completions/millrace.fish`,
    )
    .action((shell: string, flags: { json?: boolean }) => {
      const script = SCRIPTS[shell];
      if (script === undefined) throw usage(`there is no completion for ${shell}: ${SHELLS.join(', ')}`, 'shell');
      io.out(flags.json === true ? JSON.stringify({ shell, script }) : script);
    });
}
