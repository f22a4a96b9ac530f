import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { shortlistFolder } from '../../app/shortlist/shortlist-files.ts';
import { FIRST_PAGE } from '../../shortlist/contact-sheet.tsx';
import type { Site } from '../dashboard.ts';
import { navigationHtml } from '../pages.tsx';
import { paramOf, type Exchange } from '../route.ts';

/** The sheet's own policy admits its style by a hash. This one also keeps other pages from framing it. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none';img-src data:;style-src 'unsafe-inline';base-uri 'none';form-action 'none';frame-ancestors 'none'";

/** Sends a file of the written contact sheet, with the server's bar of navigation at its top. */
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

async function* withNavigation(chunks: AsyncIterable<string>, bar: string): AsyncGenerator<string> {
  let isFirst = true;
  for await (const chunk of chunks) {
    yield isFirst ? chunk.replace('<body>', `<body>${bar}`) : chunk;
    isFirst = false;
  }
}

/** Whether a file of the contact sheet has been written. */
export function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
