import type { Sha256 } from '../../kernel/ids.ts';
import type { Report } from '../../report/report.ts';
import type { App } from '../open/app.ts';
import { reportCopyOf } from '../photos/thumbnails.ts';

/** Small copies of the photos that a report shows, as data URIs. A photo whose bytes are lost has none. */
export async function reportPictures(
  app: App,
  report: Report,
  signal: AbortSignal,
): Promise<ReadonlyMap<Sha256, string>> {
  const pictures = new Map<Sha256, string>();
  for (const sha256 of shownIn(report)) {
    const webp = await reportCopyOf(app, sha256, signal);
    if (webp !== null) pictures.set(sha256, `data:image/webp;base64,${webp.toString('base64')}`);
  }
  return pictures;
}

/** The photos of the gallery and the examples of confusions. */
function shownIn({ gallery, confusion }: Pick<Report, 'gallery' | 'confusion'>): ReadonlySet<Sha256> {
  return new Set([...gallery.map(({ sha256 }) => sha256), ...confusion.top.flatMap(({ examples }) => examples)]);
}
