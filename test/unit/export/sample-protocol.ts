import { protocolSchema, type Protocol } from '../../../src/export/protocol.ts';
import { sha256Of } from '../../support/sha256.ts';

const noAgreement = Object.fromEntries(
  ['percent', ...['cohenKappa', 'krippendorffAlpha'].flatMap((name) => [name, `${name}Low`, `${name}High`])].map(
    (name) => [name, null],
  ),
);

/** A protocol with the given facts. */
export function sampleProtocol(given: Partial<Protocol> = {}): Protocol {
  return protocolSchema.parse({
    format: 1,
    id: sha256Of('id'),
    winnow: '0.1.0',
    collection: { name: 'fish', sha256: sha256Of('c'), decisionSha256: sha256Of('d'), sources: ['folder'] },
    frozenAt: '2026-11-26T12:00:00.000Z',
    rule: { mode: 'A', threshold: 0.15, aggregation: 'max', members: 'any', cap: 15 },
    nearDuplicates: { distance: 6, cosine: null },
    models: [
      {
        name: 'm',
        sha256: sha256Of('m'),
        bytes: 1,
        preprocessing: 'v1',
        executionProvider: 'cpu',
        licence: 'MIT',
        source: 's',
        size: 224,
        shorterSide: 256,
        mean: [0, 0, 0],
        std: [1, 1, 1],
      },
    ],
    among: ['n01440764'],
    searched: ['n01440764'],
    folders: 'class',
    classes: [{ label: 0, wnid: 'n01440764', name: 'tench', photos: 6 }],
    photos: 6,
    bytes: 100,
    reencoded: 0,
    leftOut: [],
    licences: [{ licence: 'CC0-1.0', url: 'https://creativecommons.org/publicdomain/zero/1.0/', photos: 6 }],
    sources: [{ source: 'folder', photos: 6 }],
    tags: [],
    collected: null,
    review: {
      criteria: null,
      secondPass: 0,
      target: null,
      reviewers: 1,
      orders: [],
      period: null,
      agreement: { photos: 0, ...noAgreement },
    },
    funnel: {},
    options: { formats: [], names: 'id', pixels: true, thumbnails: false, licences: null },
    tombstones: [],
    choices: [],
    card: {},
    files: {},
    ...given,
  });
}
