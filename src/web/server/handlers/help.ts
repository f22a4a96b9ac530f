import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../../core/config/root.ts';
import type { Site } from '../dashboard.ts';
import { guidePage } from '../pages.tsx';
import { HTML, readerProps, type Exchange } from '../route.ts';

/** Serves docs/reviewing.md, for people who give verdicts. */
export async function sendReviewingGuide(exchange: Exchange, site: Site): Promise<unknown> {
  const { marked } = await import('marked');
  const text = await readFile(path.join(packageRoot, 'docs', 'reviewing.md'), 'utf8');
  const html = await marked.parse(text);
  return exchange.reply.type(HTML).send(guidePage('Reviewing', html, readerProps(exchange, site)));
}
