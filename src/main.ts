import { runProgram, type ProgramParts } from './core/cli/start/program.ts';
import { commands as core } from './core/commands.ts';
import { commands as exchange } from './exchange/commands.ts';
import { commands as keep } from './keep/commands.ts';
import { commands as measure, commandsBelow as below } from './measure/commands.ts';
import { commands as web } from './web/commands.ts';

/** The commands of core and of the wings. */
export const PARTS: ProgramParts = {
  commands: {
    ...core,
    ...exchange,
    ...keep,
    ...measure,
    ...web,
    demo: async () => (await import('./demo.ts')).addDemoCommand,
  },
  below,
};

/** Runs the program. Sets the exit code and never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  await runProgram(argv, PARTS);
}
