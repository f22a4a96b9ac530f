import { InaturalistApi, type ApiMode, type InaturalistApiOptions } from './inaturalist-api.ts';
import type { SitePhoto } from './inaturalist-world.ts';
import { startLocalServer, type LocalAnswer } from './local-server.ts';
import { samplePicture } from './sample-picture.ts';

export type InaturalistSite = Awaited<ReturnType<typeof startInaturalistSite>>;

/**
 * A local iNaturalist: the parts of its API v1 that a crawler meets, as documented (docs/ and code of iNaturalistAPI),
 * over a made-up world, and on a second port the photos. Every answer is an honest HTTP answer on 127.0.0.1.
 */
export async function startInaturalistSite(options: InaturalistApiOptions) {
  const photos = () =>
    new Map(options.world.observations.flatMap((one) => one.photos.map((photo) => [photo.id, photo])));
  const media = await startLocalServer(({ url }) => mediaAnswer(url, photos()));
  const answers = new InaturalistApi(options, media.url);
  const site: { mode: ApiMode } = { mode: 'normal' };
  const api = await startLocalServer(({ url }) => answers.answer(url, site.mode));
  return Object.assign(site, {
    /** For `sources.inaturalist.url`. */
    url: `${api.url}/v1`,
    mediaUrl: media.url,
    /** Both servers' requests, in the order of their answers. */
    log: { api: api.log, media: media.log },
    async close() {
      await Promise.all([api.close(), media.close()]);
    },
  });
}

/** `/photos/{id}/{size}.{extension}`; other extensions of a photo do not exist, and it has no robots.txt. */
function mediaAnswer(url: URL, photos: ReadonlyMap<number, SitePhoto>): LocalAnswer {
  const match = /^\/photos\/(\d+)\/(?:original|large|medium|small|thumb|square)\.(\w+)$/.exec(url.pathname);
  const id = Number(match?.[1]);
  const photo = photos.get(id);
  if (photo === undefined || photo.extension !== match?.[2]) {
    const headers = { 'content-type': 'application/xml' };
    return { status: 404, headers, body: '<Error><Code>NoSuchKey</Code></Error>' };
  }
  return { status: 200, headers: { 'content-type': 'image/jpeg' }, body: samplePicture(id, String(id)) };
}
