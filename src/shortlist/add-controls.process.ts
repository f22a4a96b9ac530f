import type { Transaction } from 'kysely';
import { UsageError } from '../kernel/errors.ts';
import { groupBy } from '../kernel/group-by.ts';
import type { DecisionScope } from '../models/workspace/scope.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';
import type { Database } from '../platform/postgres/database.ts';
import { chooseControls, controlRow, type ListedPhoto } from './controls.ts';
import {
  countWithoutBytes,
  droppedAsCorrect,
  hasReviewedControls,
  readControls,
  sourcesOf,
} from './controls.repository.ts';
import { withFineHashes } from './fine-hashes.process.ts';
import type { KeptPhoto, ShortlistPolicy, ShortlistRow } from './shortlist.ts';

/** @throws UsageError `no-controls`: in mode O */
export async function controlsPerClass(
  { app, collection, scope }: Workspace,
  { controls }: { readonly controls?: number | undefined },
): Promise<number> {
  if (collection.mode === 'A') return controls ?? readControls(app.db, scope.collectionId);
  if ((controls ?? 0) === 0) return 0;
  throw new UsageError(
    `Controls are photos that the filter drops as \`correct\`, and collections of mode O, as '${collection.name}' is, have no such photos. Leave out --controls ${controls}.`,
    { code: 'no-controls' },
  );
}

/** If a class has fewer controls than asked for: the photos that could be some if their bytes were not deleted. */
export async function lostControls(
  { app, scope }: Workspace,
  rows: readonly ShortlistRow[],
  controls: number,
): Promise<number> {
  if (controls === 0) return 0;
  const chosen = groupBy(
    rows.filter(({ state }) => state === 'control'),
    ({ wnid }) => wnid,
  );
  const full = [...chosen].flatMap(([wnid, { length }]) => (length < controls ? [] : [wnid]));
  return countWithoutBytes(app.db, scope, full);
}

/** Photos of a source beyond its places, to choose from where some are near-duplicates. */
const SPARE = 20;

interface BuiltRows {
  readonly policy: ShortlistPolicy;
  /** The kept photos of which `rows` tell the places. */
  readonly photos: readonly KeptPhoto[];
  readonly rows: ShortlistRow[];
}

/** Adds the controls of each class after its other rows. */
export async function withControls(
  trx: Transaction<Database>,
  scope: DecisionScope,
  { policy, photos, rows }: BuiltRows,
): Promise<ShortlistRow[]> {
  const { controls = 0 } = policy;
  if (controls === 0 && !(await hasReviewedControls(trx, scope))) return rows;
  const listed = rows.filter(({ state }) => state === 'listed');
  const sources = new Map((await sourcesOf(trx, scope, listed)).map((one) => [keyOf(one), one.source]));
  const shown: ListedPhoto[] = photos.flatMap((photo) => {
    const source = sources.get(keyOf(photo));
    return source === undefined ? [] : [{ ...photo, source }];
  });
  const pool = await droppedAsCorrect(trx, scope, controls + SPARE);
  const all = groupBy(await withFineHashes(trx, [...shown, ...pool], policy), ({ wnid }) => wnid);
  const ofClass = groupBy(rows, ({ wnid }) => wnid);
  const wnids = [...new Set([...ofClass.keys(), ...all.keys()])].toSorted();
  return wnids.flatMap((wnid) => {
    const chosen = chooseControls(all.get(wnid) ?? [], policy);
    return [...(ofClass.get(wnid) ?? []), ...chosen.map(controlRow)];
  });
}

const keyOf = ({ sha256, wnid }: Pick<ShortlistRow, 'sha256' | 'wnid'>): string => `${sha256} ${wnid}`;
