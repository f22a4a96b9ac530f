import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addExportCommand } from '../../../../../src/core/cli/export/export.ts';
import { HELP_LAYOUT } from '../../../../../src/core/cli/start/help.ts';

test('the help of a command lists its own flags first and shows no empty defaults', () => {
  const program = new Command('winnow').configureHelp(HELP_LAYOUT);
  addExportCommand(program);
  const help = program.commands[0]?.helpInformation() ?? '';
  const flags = [...help.matchAll(/^ {2}(?:-h, )?(--[a-z-]+)/gm)].map(([, flag]) => flag);
  expect(flags[0]).toBe('--out');
  expect(flags.slice(-6)).toEqual(['--collection', '--data', '--json', '--config', '--set', '--help']);
  expect(help).not.toMatch(/default: (null|\[\])/);
});
