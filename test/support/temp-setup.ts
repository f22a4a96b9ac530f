import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { removerOf } from './remover.ts';

/** Vitest loads this file once a project, so the global object keeps the folder of the run. */
const run = globalThis as typeof globalThis & { winnowTestTemp?: { users: number; remove: () => Promise<void> } };

/** All temporary folders of a run are in one, which goes when the run ends, however it ends. */
export function setup(): void {
  if (run.winnowTestTemp === undefined) {
    const folder = mkdtempSync(path.join(tmpdir(), 'winnow-'));
    // Some tests start programs as other users, which need room for temporary files, too.
    chmodSync(folder, 0o1777);
    run.winnowTestTemp = { users: 0, remove: removerOf(folder) };
    process.env['TMPDIR'] = folder;
  }
  run.winnowTestTemp.users += 1;
}

export async function teardown(): Promise<void> {
  const shared = run.winnowTestTemp;
  if (shared !== undefined && (shared.users -= 1) === 0) await shared.remove();
}
