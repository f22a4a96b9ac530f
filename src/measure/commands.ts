import type { Commands, CommandsBelow } from '../core/cli/start/program.ts';

export const commands: Commands = {
  report: async () => (await import('./cli/report.ts')).addReportCommand,
  evaluate: async () => (await import('./cli/evaluate.ts')).addEvaluateCommand,
  power: async () => (await import('./cli/power.ts')).addPowerCommand,
  finetune: async () => (await import('./cli/finetune.ts')).addFinetuneCommand,
};

/** Commands below those of core: `winnow models compare`. */
export const commandsBelow: CommandsBelow = {
  models: [
    async () => (await import('./cli/compare.ts')).addModelsCompareCommand,
    async () => (await import('./cli/text.ts')).addModelsTextCommand,
  ],
};
