import type { Transaction } from 'kysely';
import { UsageError } from '../kernel/errors.ts';
import { groupBy } from '../kernel/group-by.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import type { Database } from '../platform/postgres/database.ts';
import { chooseControls, droppedRow } from './controls.ts';
import { droppedAsCorrect, hasReviewedControls, listedWithSources } from './controls.repository.ts';
import { withFineHashes } from './fine-hashes.process.ts';
import { shortlistHead } from './shortlist.repository.ts';
import type { ShortlistPolicy, ShortlistRow } from './shortlist.ts';

/** By default as many as the last shortlist has. @throws UsageError `no-controls`: in mode O */
export async function controlsPerClass(
  { app, collection, scope }: Workspace,
  { controls }: { readonly controls?: number | undefined },
): Promise<number> {
  if (collection.mode === 'A') return controls ?? (await shortlistHead(app.db, scope))?.controls ?? 0;
  if ((controls ?? 0) === 0) return 0;
  throw new UsageError(
    `Controls are photos that the filter drops as \`correct\`, and a collection of mode O, such as '${collection.name}', has no such photos. Leave out --controls ${controls}.`,
    { code: 'no-controls' },
  );
}

/** Photos of a source beyond its places, to choose from where some are near-duplicates. */
const SPARE = 20;

/** Adds the controls of each class after its other rows. */
export async function withControls(
  trx: Transaction<Database>,
  scope: DecisionScope,
  { policy, rows }: { readonly policy: ShortlistPolicy; readonly rows: ShortlistRow[] },
): Promise<ShortlistRow[]> {
  const { controls = 0 } = policy;
  if (controls === 0 && !(await hasReviewedControls(trx, scope))) return rows;
  const listed = rows.filter(({ state }) => state === 'listed');
  const shown = await listedWithSources(trx, scope, listed);
  const pool = await droppedAsCorrect(trx, scope, controls + SPARE);
  const all = groupBy(await withFineHashes(trx, [...shown, ...pool], policy), ({ wnid }) => wnid);
  const ofClass = groupBy(rows, ({ wnid }) => wnid);
  const wnids = [...new Set([...ofClass.keys(), ...all.keys()])].toSorted();
  return wnids.flatMap((wnid) => {
    const chosen = chooseControls(all.get(wnid) ?? [], policy);
    return [...(ofClass.get(wnid) ?? []), ...chosen.map((one) => droppedRow(one, 'control'))];
  });
}
