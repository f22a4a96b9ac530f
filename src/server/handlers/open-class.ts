import path from 'node:path';
import { shortlistFolder } from '../../app/shortlist/shortlist-files.ts';
import { classFile } from '../../shortlist/class-file.ts';
import { FIRST_PAGE, PAGES_FOLDER } from '../../shortlist/contact-sheet.tsx';
import { firstListed } from '../../shortlist/shortlist.repository.ts';
import { cardAnchor, classAnchor } from '../../ui/contact-sheet/anchors.ts';
import type { Site } from '../dashboard.ts';
import { paramOf, type Exchange } from '../route.ts';
import { isThere } from './sheet.ts';

/** Redirects to a class on the contact sheet, which is a page or a section; with `as`, to its first photo of that confusion. */
export async function openClass({ request, reply }: Exchange, { app, collections }: Site): Promise<unknown> {
  const { workspace } = await collections.open(paramOf(request, 'collection'));
  const query = new URLSearchParams(request.url.split('?')[1]);
  const [wnid, confusionWnid] = [query.get('id') ?? '', query.get('as')];
  const page = `${PAGES_FOLDER}/${classFile(wnid)}`;
  const isOwn = await isThere(path.join(shortlistFolder(workspace), page));
  const photo = confusionWnid === null ? null : await firstListed(app.db, workspace.scope, { wnid, confusionWnid });
  const anchor = photo === null ? classAnchor(wnid) : cardAnchor(wnid, photo);
  return reply.redirect(`${isOwn ? page : FIRST_PAGE}#${anchor}`, 303);
}
