import type { Commands } from '../core/cli/start/program.ts';

export const commands: Commands = {
  evidence: async () => (await import('./cli/evidence.ts')).addEvidenceCommand,
  publish: async () => (await import('./cli/publish.ts')).addPublishCommand,
};
