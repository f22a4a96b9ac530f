import type { Commands } from '../core/cli/start/program.ts';

export const commands: Commands = {
  backup: async () => (await import('./cli/backup.ts')).addBackupCommand,
  restore: async () => (await import('./cli/restore.ts')).addRestoreCommand,
  move: async () => (await import('./cli/move.ts')).addMoveCommand,
};
