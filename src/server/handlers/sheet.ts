import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { shortlistFolder } from '../../app/shortlist/shortlist-files.ts';
import { classFile } from '../../shortlist/class-file.ts';
import { FIRST_PAGE, PAGES_FOLDER } from '../../shortlist/contact-sheet.tsx';
import { firstListed } from '../../shortlist/shortlist.repository.ts';
import { cardAnchor, classAnchor } from '../../ui/contact-sheet/anchors.ts';
import type { Site } from '../dashboard.ts';
import { navigationHtml } from '../pages.tsx';
import { paramOf, type Exchange } from '../route.ts';

/** The sheet's own policy admits its style by its hash. This one keeps it from being framed, and from all else. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none';img-src data:;style-src 'unsafe-inline';base-uri 'none';form-action 'none';frame-ancestors 'none'";

/** A file of the written contact sheet, with the server's bar of navigation at its top. */
export async function sendSheet({ request, reply }: Exchange, { collections }: Site): Promise<unknown> {
  const name = paramOf(request, 'collection');
  const { workspace } = await collections.open(name);
  const asked = paramOf(request, '*');
  if (asked !== FIRST_PAGE && !/^pages\/class-[\w-]+\.html$/.test(asked)) return reply.callNotFound();
  const file = path.join(shortlistFolder(workspace), asked);
  if (!(await isThere(file))) {
    const error = `Nothing is listed yet. \`winnow shortlist --collection ${name}\` makes the shortlist and its contact sheet.`;
    return reply.code(404).send({ error });
  }
  return reply
    .header('content-type', 'text/html; charset=utf-8')
    .header('content-security-policy', CONTENT_SECURITY_POLICY)
    .send(Readable.from(withNavigation(createReadStream(file, 'utf8'), navigationHtml(name))));
}

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

async function* withNavigation(chunks: AsyncIterable<string>, bar: string): AsyncGenerator<string> {
  let isFirst = true;
  for await (const chunk of chunks) {
    yield isFirst ? chunk.replace('<body>', `<body>${bar}`) : chunk;
    isFirst = false;
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
