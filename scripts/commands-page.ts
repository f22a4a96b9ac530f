import type { Command, Option } from 'commander';
import { COMMON_FLAGS } from '../src/core/cli/start/help.ts';
import { programOf } from '../src/core/cli/start/program.ts';
import { PARTS } from '../src/main.ts';

const HEAD = `# Commands

This page is made from what \`winnow COMMAND --help\` prints. Every command also takes:
`;

/** The text of docs/commands.md: a section for each command, with its flags and examples. */
export async function commandsPage(): Promise<string> {
  const { commands } = await programOf(PARTS);
  const [first] = commands;
  if (first === undefined) throw new Error('Expected commands');
  const sections = commands.filter((command) => command.name() !== 'help').flatMap(sectionsOf);
  return [HEAD, flagTable(flagsOf(first).filter(isCommon)), ...sections].join('\n');
}

function sectionsOf(command: Command): string[] {
  const usage = `${nameOf(command)} ${command.usage()}`;
  const parameters = command.registeredArguments.map((one) => `- \`${one.name()}\`: ${one.description}\n`);
  const parts = [
    `## ${nameOf(command)}\n`,
    `${command.description()}.\n`,
    `\`${usage}\`\n`,
    parameters.join(''),
    flagTable(flagsOf(command).filter((flag) => !isCommon(flag))),
    blockOf(afterText(command)),
  ];
  return [parts.filter((part) => part !== '').join('\n'), ...command.commands.flatMap(sectionsOf)];
}

/** With the commands above it, as in `models pull`. */
function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

function flagsOf(command: Command): Option[] {
  return command.createHelp().visibleOptions(command);
}

const isCommon = ({ long }: Option): boolean => COMMON_FLAGS.includes(long ?? '');

function flagTable(flags: readonly Option[]): string {
  const rows = flags.map((flag) => `| \`${flag.flags}\` | ${escaped(meaningOf(flag))} |\n`);
  return rows.length === 0 ? '' : `| flag | meaning |\n|---|---|\n${rows.join('')}`;
}

function meaningOf({ description, argChoices, defaultValue, mandatory }: Option): string {
  const choices = argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`];
  const fallback = defaultValue === undefined || defaultValue === true ? [] : [`default: ${String(defaultValue)}`];
  const notes = [...(mandatory ? ['needed'] : []), ...choices, ...fallback];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}

/** The text of the help below the flags. */
function afterText(command: Command): string {
  let written = '';
  command.configureOutput({ ...command.configureOutput(), writeOut: (text) => void (written += text) });
  command.outputHelp();
  return written.slice(command.helpInformation().length).trim();
}

function blockOf(text: string): string {
  return text === '' ? '' : `\`\`\`text\n${text}\n\`\`\`\n`;
}

function escaped(cell: string): string {
  return cell.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;');
}
