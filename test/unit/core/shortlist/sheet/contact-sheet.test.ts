import { createHash } from 'node:crypto';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Rights } from '../../../../../src/core/shortlist/photo-of-class.repository.ts';
import type { SheetPhoto } from '../../../../../src/core/shortlist/sheet/card.tsx';
import {
  contactSheet,
  type ContactSheet,
  type SheetClass,
  type SheetPage,
  type Thumbnails,
} from '../../../../../src/core/shortlist/contact-sheet.tsx';
import { shortlistClass } from '../../../../../src/core/shortlist/shortlist.ts';
import { sha256Of } from '../../../../support/sha256.ts';
import { keptPhoto } from '../sample-rows.ts';
import { sampleRights } from '../../../../support/sample-rights.ts';
import { repositoryRoot } from '../../../../support/winnow.ts';

const WEBP = Buffer.from('RIFF');
const WEBP_URI = `data:image/webp;base64,${WEBP.toString('base64')}`;
const anyThumbnail: Thumbnails = async () => WEBP;

const quickThumbnail: Thumbnails = async (sha256) => Buffer.from(sha256);
/** Answers in an order of its own. */
const slowThumbnail: Thumbnails = async (sha256) => {
  await new Promise((resolve) => setTimeout(resolve, Number.parseInt(sha256.slice(0, 2), 16) / 50));
  return Buffer.from(sha256);
};

/** A class of `listed` photos and `leftOut` over the cap, all taken for a banjo. */
function sheetClass(
  wnid: string,
  size: { listed: number; leftOut?: number },
  changes: Partial<Rights & SheetPhoto> = {},
): SheetClass {
  const count = size.listed + (size.leftOut ?? 0);
  const photos = Array.from({ length: count }, (_, i) => keptPhoto(`${wnid} ${i}`, { wnid, maxTrueProb: i / 10_000 }));
  const rows = shortlistClass(photos, { cap: Math.max(size.listed, 1), nearDuplicateDistance: 0 });
  const rights = sampleRights({
    source: 'flickr',
    sourceId: '12345',
    pageUrl: 'https://example.org/photos/1',
    creator: 'A. Person',
    licence: 'CC-BY-4.0',
    licenceUrl: 'https://creativecommons.org/licenses/by/4.0/',
    ...changes,
  });
  return {
    wnid,
    name: `name of ${wnid}`,
    synonyms: [`name of ${wnid}`, 'second name'],
    candidates: 81_413,
    photos: rows.map((row) => ({ ...row, rights, confusionName: 'banjo', ...changes })),
  };
}

function sheet(classes: readonly SheetClass[], fields: Partial<ContactSheet> = {}): ContactSheet {
  return {
    collection: 'dragonflies',
    mode: 'A',
    ensemble: ['efficientnet-lite0', 'efficientnet-lite1'],
    policy: {
      threshold: 0.15,
      aggregation: 'max',
      members: 'any',
      minConfidence: 0.9,
      cap: 15,
      nearDuplicateDistance: 6,
      nearDuplicateCosine: null,
    },
    classCount: 200,
    builtAt: new Date('2026-10-02T14:03:11.500Z'),
    funnel: [
      { name: 'found', count: 81_413 },
      {
        name: 'kept',
        count: 8_925,
        lost: [
          { reason: 'correct', count: 70_000 },
          { reason: 'confident', count: 0 },
        ],
      },
    ],
    classes,
    ...fields,
  };
}

function onlyPage(...args: Parameters<typeof contactSheet>): SheetPage['chunks'] {
  const [page, ...more] = contactSheet(...args);
  if (page?.file !== 'shortlist.html' || more.length > 0) throw new Error('Expected one page, shortlist.html');
  return page.chunks;
}

async function textOfChunks(chunks: SheetPage['chunks']): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += chunk;
  return text;
}

async function pagesOf(content: ContactSheet, onePagePhotos: number): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  for (const { file, chunks } of contactSheet(content, anyThumbnail, onePagePhotos))
    pages.set(file, await textOfChunks(chunks));
  return pages;
}

const pageOf = (content: ContactSheet, thumbnails = anyThumbnail) => textOfChunks(onlyPage(content, thumbnails));

function textOf(page: string): string {
  return page
    .slice(page.indexOf('</head>') + 1)
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');
}

function all(page: string, pattern: RegExp): string[] {
  return [...page.matchAll(pattern)].map(([, group = '']) => group);
}

/** The elements left open or closed out of turn; none in a page whose inserted texts are all escaped. */
function unbalanced(page: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, slash, tag = '', rest = ''] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/g)) {
    if (['meta', 'img'].includes(tag) || rest.endsWith('/')) continue;
    if (slash === '') open.push(tag);
    else if (open.pop() !== tag) wrong.push(tag);
  }
  return [...wrong, ...open];
}

describe('the page of a contact sheet', () => {
  it('forbids everything but data: pictures and its own style sheet', async () => {
    const page = await pageOf(sheet([sheetClass('n01', { listed: 2, leftOut: 1 })]));
    const [style = ''] = all(page, /<style>([^]*?)<\/style>/g);
    const hash = createHash('sha256').update(style).digest('base64');
    const policy = `default-src 'none'; img-src data:; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
    const [stated = ''] = all(page, /http-equiv="Content-Security-Policy" content="([^"]*)"/g);
    expect(stated.replaceAll('&#39;', "'")).toBe(policy);
    expect(style.length).toBeGreaterThan(1000);
    expect(style).not.toMatch(/url\(|@import/);
    expect(page).not.toMatch(/<(script|link|iframe|object|base|form)\b/);
    expect(page).not.toMatch(/<[^>]*\s(style|on\w+|srcset)=/);
    expect(all(page, /\ssrc="([^"]*)"/g)).toEqual([WEBP_URI, WEBP_URI, WEBP_URI]);
  });

  it('shows the rules, the funnel, and of each class its counts and photos with probabilities and credits', async () => {
    const licence = { licence: 'https://example.org/licence', licenceUrl: null };
    const origin = { source: 'folder', sourceId: 'n01/great "grey" owl.jpg@0123456789abcdef', pageUrl: null };
    const classes = [
      sheetClass('n01', { listed: 2, leftOut: 1 }, { confusionProb: 0.75 }),
      sheetClass('Dog', { listed: 1 }, { ...licence, ...origin, alsoIn: ['n77'] }),
      ...['n02', 'n03'].map((wnid) => sheetClass(wnid, { listed: 0 })),
      { ...sheetClass('n04', { listed: 0 }), candidates: 0 },
    ];
    const page = await pageOf(sheet(classes), async (sha256) => (sha256 === sha256Of('n01 1') ? null : WEBP));
    const body = page.slice(page.indexOf('<body')).replaceAll('><', '>\n<');
    await expect(body).toMatchFileSnapshot(path.join(repositoryRoot, 'test/fixtures/cards/contact-sheet.html'));
  });

  it('is well-formed, with unique ids and no link within the page that leads nowhere', async () => {
    const shared = sheetClass('n02', { listed: 1 });
    const sharing = shared.photos.map((photo) => ({ ...photo, wnid: 'n01', alsoIn: ['n02'] }));
    const original = sheetClass('n03', { listed: 1, leftOut: 1 });
    const asCopy = { reason: 'near-duplicate', twinSha256: sha256Of('n03 0') } as const;
    const copies = original.photos.map((photo) => (photo.state === 'listed' ? photo : { ...photo, ...asCopy }));
    const classes = [
      { ...sheetClass('n01', { listed: 0 }), photos: sharing },
      shared,
      { ...original, photos: copies },
      sheetClass('a class, "any text" <b>', { listed: 1 }),
    ];
    const page = await pageOf(sheet(classes));
    const ids = all(page, /\sid="([^"]*)"/g);
    const targets = all(page, /href="#([^"]*)"/g);
    expect(unbalanced(page)).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => /\s/.test(id))).toEqual([]);
    expect(targets.length).toBeGreaterThan(8);
    expect(targets.filter((target) => !ids.includes(target))).toEqual([]);
  });

  it('escapes every text, wherever it comes from', async () => {
    const hostile = `</title></style>"'><script>alert(1)</script>&lt;`;
    const fields = { confusionName: hostile, source: hostile, creator: hostile, licence: hostile, licenceUrl: hostile };
    const leftOut = { ...fields, pageUrl: `https://example.org/"><script>alert(1)</script>`, alsoIn: [hostile] };
    const kept = sheetClass(hostile, { listed: 2, leftOut: 2 }, leftOut);
    const empty = { ...sheetClass('n09', { listed: 0 }), photos: [], name: hostile };
    const page = await pageOf(
      sheet([{ ...kept, name: hostile, synonyms: [hostile, `${hostile}2`] }, empty], {
        collection: hostile,
        ensemble: [hostile],
        funnel: [{ name: hostile, count: 1, lost: [{ reason: hostile, count: 1 }] }],
      }),
    );
    expect(page).not.toMatch(/<script|<\/script/);
    expect(unbalanced(page)).toEqual([]);
    expect(textOf(page)).toContain(`&lt;/title>&lt;/style>&quot;'>&lt;script>alert(1)&lt;/script>&amp;lt;`);
  });

  it('puts the picture into its own place only, even if a text looks like that place', async () => {
    const creator = 'src="data:image/webp;base64,"';
    const page = await pageOf(sheet([sheetClass('n01', { listed: 1 }, { creator, confusionName: creator })]));
    expect(page.split(WEBP_URI)).toHaveLength(2);
    expect(page).toContain(`decoding="async" src="${WEBP_URI}"/>`);
    expect(page.split('src=&quot;data:image/webp;base64,&quot;').length).toBeGreaterThan(3);
    expect(unbalanced(page)).toEqual([]);
  });

  it('links http and https pages only', async () => {
    const bad = { pageUrl: 'javascript:alert(1)', licenceUrl: 'data:text/html,x', licence: 'unknown', creator: null };
    const page = await pageOf(sheet([sheetClass('n01', { listed: 1 }, bad)]));
    expect(page).not.toMatch(/javascript:|data:text/);
    expect(all(page, /href="([^#"][^"]*)"/g)).toEqual([]);
    expect(textOf(page)).toContain('unknown creator , unknown. flickr 12345 , ');
  });

  it('tells the mean over crops and the agreement of all members where the policy says so', async () => {
    const policy = { ...sheet([]).policy, threshold: 0.2, aggregation: 'mean', members: 'all' } as const;
    expect(textOf(await pageOf(sheet([], { policy })))).toContain(
      'p of the class searched as > 0.2, on the mean of the crops of all members',
    );
  });

  it('names the most frequent confusions first and counts those beyond the twelfth', async () => {
    const base = sheetClass('n01', { listed: 16 });
    const photos = base.photos.map((photo, i) => ({ ...photo, confusionName: i < 3 ? 'snail' : `thing ${i}` }));
    const text = textOf(await pageOf(sheet([{ ...base, photos }])));
    expect(text).toContain('Taken for snail 3, thing 3 1, thing 4 1,');
    expect(text).toContain('thing 13 1 and 2 more');
  });

  it('shows at most so many left-out photos of a class, asks for no other thumbnails and counts the rest', async () => {
    const asked: string[] = [];
    const thumbnails: Thumbnails = async (sha256) => {
      asked.push(sha256);
      return WEBP;
    };
    const page = await pageOf(sheet([sheetClass('n01', { listed: 1, leftOut: 63 })]), thumbnails);
    expect(asked).toEqual(Array.from({ length: 61 }, (_, i) => sha256Of(`n01 ${i}`)));
    expect(textOf(page)).toContain('63 left out of name of n01');
    expect(textOf(page)).toContain('And 3 more');
  });

  it('is the same bytes each time', async () => {
    const content = sheet([sheetClass('n01', { listed: 40, leftOut: 20 })]);
    expect(await pageOf(content, slowThumbnail)).toBe(await pageOf(content, quickThumbnail));
  });
});

describe('the stream of a contact sheet', () => {
  it('holds few thumbnails at a time, each chunk a small part of the page', async () => {
    let inFlight = 0;
    let most = 0;
    const thumbnails: Thumbnails = async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight -= 1;
      return Buffer.alloc(10_000, 1);
    };
    let bytes = 0;
    let longest = 0;
    for await (const chunk of onlyPage(sheet([sheetClass('n01', { listed: 1000 })]), thumbnails)) {
      bytes += chunk.length;
      longest = Math.max(longest, chunk.length);
    }
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(16);
    expect(bytes).toBeGreaterThan(13_000_000);
    expect(longest).toBeLessThan(300_000);
  });

  it('asks for no thumbnail before the first chunk is taken, nor after the reader has left', async () => {
    let asked = 0;
    const thumbnails: Thumbnails = async () => {
      asked += 1;
      return WEBP;
    };
    const stream = onlyPage(sheet([sheetClass('n01', { listed: 100 })]), thumbnails);
    const first = await stream.next();
    expect(first.value).toContain('<!doctype html>');
    expect(asked).toBe(0);
    await stream.return();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(asked).toBe(0);
  });

  it('passes on the error of a thumbnail', async () => {
    const failing: Thumbnails = () => Promise.reject(new Error('disk gone'));
    await expect(pageOf(sheet([sheetClass('n01', { listed: 3 })]), failing)).rejects.toThrow('disk gone');
  });
});

describe('a sheet of more photos than one page shows', () => {
  const classes = [
    sheetClass('n01', { listed: 3 }),
    sheetClass('n02', { listed: 0 }),
    sheetClass('Dog', { listed: 2, leftOut: 9 }, { alsoIn: ['n01'] }),
  ];

  it('is an index and a page for each class that keeps anything, the index last', async () => {
    const pages = await pagesOf(sheet(classes), 4);
    expect([...pages.keys()]).toEqual(['pages/class-n01.html', 'pages/class-Dog.html', 'shortlist.html']);
    for (const page of pages.values()) expect(unbalanced(page)).toEqual([]);
    const [first = '', dog = '', index = ''] = pages.values();
    expect(all(first, /<li class="card" id="([^"]*)"/g)).toHaveLength(3);
    expect(all(dog, /<(li) class="card/g)).toHaveLength(11);
    expect(all(index, /<li class="card tile">\s*<a href="([^"]*)"/g)).toEqual([
      'pages/class-n01.html',
      'pages/class-Dog.html',
    ]);
    expect(textOf(index)).toContain('2 listed of 11 kept');
  });

  it('leads from page to page and back by links that hold', async () => {
    const pages = await pagesOf(sheet(classes), 4);
    const links: string[] = [];
    for (const [file, page] of pages) {
      for (const href of all(page, /href="([^"]*)"/g).filter((one) => !one.startsWith('http'))) {
        const target = new URL(href, `http://sheet/${file}`);
        const found = pages.get(target.pathname.slice(1));
        expect([file, href, found === undefined]).toEqual([file, href, false]);
        links.push(target.pathname.slice(1));
      }
    }
    expect(new Set(links)).toEqual(new Set(pages.keys()));
  });

  it('is one page up to the limit, counting left-out photos that are shown', async () => {
    expect([...(await pagesOf(sheet(classes), 14)).keys()]).toEqual(['shortlist.html']);
    expect((await pagesOf(sheet(classes), 13)).size).toBe(3);
    const many = sheet([sheetClass('n01', { listed: 1, leftOut: 63 }), sheetClass('n02', { listed: 1 })]);
    expect([(await pagesOf(many, 62)).size, (await pagesOf(many, 61)).size]).toEqual([1, 3]);
  });
});
