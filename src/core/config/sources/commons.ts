import * as z from 'zod';
import { wholeNumber } from '../schema-problems.ts';
import { httpUrl, perMinute, setting } from '../setting.ts';
import { defineSource } from './source.ts';

/** Widths in pixels that Wikimedia scales to. For others it answers 400 or 429 (https://w.wiki/GHai). */
const WIDTHS = [330, 500, 960, 1280, 1920, 3840] as const;

/** Words of titles of files that are not photos. Paintings are left to the reviewers. */
const DRAWING_WORDS = (
  'map,atlas,chart,diagram,schematic,blueprint,floor plan,logo,coat of arms,stamp,banknote,drawing,sketch,engraving,etching,' +
  'woodcut,lithograph,illustration,cartoon,clip art,clipart,scan,screenshot'
).split(',');

export const commons = defineSource({
  name: 'commons',
  key: 'commons',
  isSearched: true,
  line: 'commons',
  title: 'Wikimedia Commons',
  homepage: 'https://commons.wikimedia.org/',
  collectionType: 'Web API',
  settings: {
    url: setting(httpUrl(), 'https://commons.wikimedia.org/w/api.php', 'Address of the API of Wikimedia Commons.'),
    width: setting(
      z.literal(WIDTHS).describe(`one of ${WIDTHS.join(', ')}`),
      960,
      'Width of the photos to fetch, in pixels. Of a narrower photo the original is fetched.',
    ),
    acceptPd: setting(
      z.boolean(),
      false,
      'Whether a photo is in the public domain if its page says so without the address of a licence. A photo of an old work may ' +
        'say so of the work alone. false: its licence is unknown.',
    ),
    drawingWords: setting(
      z.array(z.string().trim().min(1)).describe('a list of words'),
      DRAWING_WORDS,
      'Files whose titles have one of these words, or its plural in s, are dropped (not-a-photo-title). Not for the classes comic ' +
        'book, envelope, menu and web site.',
    ),
    requestsPerMinute: setting(perMinute(), 100, 'API requests a minute, one at a time. The site allows 200.'),
    mediaRequestsPerMinute: setting(
      perMinute(),
      60,
      'Photos a minute from all hosts of mediaHosts together, two at a time.',
    ),
    pauseAfterErrorMs: setting(
      wholeNumber(0),
      900_000,
      'Pause of all requests after a server error (5xx), in milliseconds. The site asks for 15 minutes.',
    ),
    mediaHosts: setting(
      z.array(z.string().min(1)).describe('a list of hosts'),
      ['upload.wikimedia.org', 'thumb.wikimedia.org'],
      'Hosts of the photos, which share one limit.',
    ),
  },
  // https://wikitech.wikimedia.org/wiki/Robot_policy
  limits: (own) => ({ ...own, connections: 1, mediaConnections: 2, pauseAfterSlowMs: 5_000 }),
  addresses: ({ url }) => [url],
});
