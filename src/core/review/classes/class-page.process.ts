import { loadClassTable } from '../../collection/class-table.process.ts';
import type { Wnid } from '../../kernel/ids.ts';
import { confusionProgress } from '../desk/desk.repository.ts';
import type { ClassPage } from '../desk/desk.ts';
import { classNameOf } from '../../models/workspace/workspace.process.ts';
import { readProgress, deskViewOf, type DeskContext } from '../desk/read-desk.process.ts';
import { referencesOf } from './references.process.ts';

export async function readClassPage(desk: DeskContext, wnid: Wnid): Promise<ClassPage> {
  const { app, collection } = desk.workspace;
  const { byWnid, wordNet } = await loadClassTable();
  const row = byWnid.get(wnid);
  const synset = wordNet().byWnid.get(wnid);
  const name = classNameOf(collection, wnid);
  const [progress = null] = await readProgress(desk, [wnid]);
  const confusions = await confusionProgress(app.db, await deskViewOf(desk), wnid);
  return {
    wnid,
    name,
    synonyms: (row?.synonyms ?? synset?.names ?? []).filter((synonym) => synonym !== name),
    gloss: synset?.gloss ?? null,
    link: articleOf(row?.scientificName ?? name),
    progress,
    confusions: confusions.map((one) => ({ ...one, name: classNameOf(collection, one.wnid) })),
    references: await referencesOf(desk.workspace, wnid),
  };
}

/** Opens the article of this title, or a search for it if there is none. */
function articleOf(title: string): string {
  return `https://en.wikipedia.org/w/index.php?${new URLSearchParams({ search: title, go: 'Go' }).toString()}`;
}
