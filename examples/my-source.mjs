/*
 * A source of your own: a museum with a JSON API. A collection file names it (`sources: [./my-source.mjs]`).
 * To try it: winnow test-source examples/my-source.mjs --set crawl.contact=you@example.org
 */
const API = 'https://museum.example/api/photos';

export default {
  name: 'museum',
  // winnow sends no request too early, and none that the robots.txt of the host forbids.
  requestsPerMinute: 30,
  // Requests of `send` may go to these hosts only, and pictures may come from those of mediaHosts only.
  addresses: [API],
  mediaHosts: ['museum.example'],
  // For photos that state none.
  rights: { licence: 'CC0-1.0', creator: 'The Museum' },

  // Asked for one page after the other. `cursor` is null for the first page, then what `next` was.
  async search({ name, line, since, cursor }, { send }) {
    const url = new URL(API);
    // `line` is what the queries file has for this class under "museum", or null.
    url.searchParams.set('q', line ?? name);
    url.searchParams.set('page', cursor ?? 1);
    if (since !== null) url.searchParams.set('since', since);
    // winnow itself asks again later after HTTP 429 and 5xx.
    const { status, body } = await send(url.href);
    if (status !== 200) throw new Error(`HTTP ${status} from ${url}`);
    const { results, pages, total } = JSON.parse(body);
    return {
      photos: results.map(({ id, image, licence, author, page, taken, uploaded }) => ({
        id,
        url: image,
        licence,
        creator: author,
        pageUrl: page,
        takenAt: taken,
        uploadedAt: uploaded,
      })),
      next: (cursor ?? 1) < pages ? (cursor ?? 1) + 1 : null,
      total,
    };
  },
};
