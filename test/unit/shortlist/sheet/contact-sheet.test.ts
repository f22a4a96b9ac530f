import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Rights } from '../../../../src/shortlist/photo-of-class.repository.ts';
import type { SheetPhoto } from '../../../../src/shortlist/sheet/card.tsx';
import {
  contactSheet,
  type ContactSheet,
  type SheetClass,
  type SheetPage,
  type Thumbnails,
} from '../../../../src/shortlist/contact-sheet.tsx';
import { shortlistClass } from '../../../../src/shortlist/shortlist.ts';
import { sha256Of } from '../../../support/sha256.ts';
import { keptPhoto } from '../sample-rows.ts';
import { sampleRights } from '../../../support/sample-rights.ts';

const WEBP = Buffer.from('RIFF');
const WEBP_URI = `data:image/webp;base64,${WEBP.toString('base64')}`;
const anyThumbnail: Thumbnails = async () => WEBP;

const quickThumbnail: Thumbnails = async (sha256) => Buffer.from(sha256);
/** Answers in an order of its own. */
const slowThumbnail: Thumbnails = async (sha256) => {
  await new Promise((resolve) => setTimeout(resolve, Number.parseInt(sha256.slice(0, 2), 16) / 50));
  return Buffer.from(sha256);
};
const noThumbnail: Thumbnails = async () => {
  throw new Error('disk gone');
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

async function pagesOf(content: ContactSheet, onePagePhotos: number): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  for (const { file, chunks } of contactSheet(content, anyThumbnail, onePagePhotos)) {
    let text = '';
    for await (const chunk of chunks) text += chunk;
    pages.set(file, text);
  }
  return pages;
}

async function pageOf(content: ContactSheet, thumbnails: Thumbnails = anyThumbnail): Promise<string> {
  const chunks: string[] = [];
  for await (const chunk of onlyPage(content, thumbnails)) chunks.push(chunk);
  return chunks.join('');
}

/** The text that a reader sees, blanks run together. */
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
  });

  it('uses nothing that its policy forbids: no script, no style attribute, no picture or file from outside', async () => {
    const page = await pageOf(sheet([sheetClass('n01', { listed: 2, leftOut: 1 })]));
    expect(page).not.toMatch(/<(script|link|iframe|object|base|form)\b/);
    expect(page).not.toMatch(/<[^>]*\s(style|on\w+|srcset)=/);
    expect(all(page, /\ssrc="([^"]*)"/g)).toEqual([WEBP_URI, WEBP_URI, WEBP_URI]);
  });

  it('is well-formed, with unique ids and no link within the page that leads nowhere', async () => {
    const shared = sheetClass('n02', { listed: 1 });
    const sharing = shared.photos.map((photo) => ({ ...photo, wnid: 'n01', alsoIn: ['n02'] }));
    const original = sheetClass('n03', { listed: 1, leftOut: 1 });
    const copies = original.photos.map((photo) => {
      return photo.state === 'listed'
        ? photo
        : { ...photo, reason: 'near-duplicate' as const, twinSha256: sha256Of('n03 0') };
    });
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

  it('credits each photo, left out or not: creator, licence and source, with their links', async () => {
    const page = await pageOf(sheet([sheetClass('n01', { listed: 1, leftOut: 1 })]));
    const licence = '<a href="https://creativecommons.org/licenses/by/4.0/" rel="noopener noreferrer">CC-BY-4.0</a>';
    const source = '<a href="https://example.org/photos/1" rel="noopener noreferrer">flickr</a>';
    expect(page.split(licence)).toHaveLength(3);
    expect(page.split(source)).toHaveLength(3);
    expect(page.split('A. Person')).toHaveLength(3);
  });

  it('links a licence that is itself a URL', async () => {
    const url = 'https://example.org/licence';
    const page = await pageOf(sheet([sheetClass('n01', { listed: 1 }, { licence: url, licenceUrl: null })]));
    expect(page).toContain(`<a href="${url}" rel="noopener noreferrer">${url}</a>`);
  });

  it('tells the rules, the date it was given and the funnel', async () => {
    const text = textOf(await pageOf(sheet([])));
    expect(text).toContain('efficientnet-lite0 efficientnet-lite1');
    expect(text).toContain('if correct or p of the class searched as > 0.15, on any crop of any member');
    expect(text).toContain('15 for each confusion of a class');
    expect(text).toContain('within 6 of 64 bits of a listed photo, confirmed by the finer hash');
    expect(text).toContain('2026-10-02 14:03 UTC');
    expect(text).toContain('found 81,413 kept 8,925 11.0 % of found 70,000 correct');
    expect(text).not.toContain('0 confident');
  });

  it('tells the mean over crops and the agreement of all members where the policy says so', async () => {
    const policy = { ...sheet([]).policy, threshold: 0.2, aggregation: 'mean', members: 'all' } as const;
    expect(textOf(await pageOf(sheet([], { policy })))).toContain(
      'p of the class searched as > 0.2, on the mean of the crops of all members',
    );
  });

  it('counts each class from its rows and names its other names', async () => {
    const text = textOf(await pageOf(sheet([sheetClass('n01', { listed: 3, leftOut: 2 })])));
    expect(text).toContain('name of n01 n01 Classes second name candidates 81,413 kept 5 listed 3 over the cap 2');
    expect(text).toContain('near-duplicates 0 Taken for banjo 3');
  });

  it('names the most frequent confusions first and counts those beyond the twelfth', async () => {
    const base = sheetClass('n01', { listed: 16 });
    const photos = base.photos.map((photo, i) => ({ ...photo, confusionName: i < 3 ? 'snail' : `thing ${i}` }));
    const text = textOf(await pageOf(sheet([{ ...base, photos }])));
    expect(text).toContain('Taken for snail 3, thing 3 1, thing 4 1,');
    expect(text).toContain('thing 13 1 and 2 more');
  });

  it('sums up the classes without a kept photo in one line', async () => {
    const empty = ['n02', 'n03'].map((wnid) => sheetClass(wnid, { listed: 0 }));
    const page = await pageOf(sheet([sheetClass('n01', { listed: 1 }), ...empty]));
    expect(textOf(page)).toContain('Nothing kept of 162,826 candidates in 2 classes: name of n02, name of n03.');
    expect(all(page, /<section class="class[^"]*" id="([^"]*)"/g)).toEqual(['class-n01']);
  });

  it('shows the listed by rank with both probabilities, and the left out in a closed section with their reasons', async () => {
    const page = await pageOf(sheet([sheetClass('n01', { listed: 2, leftOut: 1 }, { maxTrueProb: 0.00004 })]));
    expect(all(page, /class="rank" title="Rank">(\d+)</g)).toEqual(['1', '2']);
    expect(page).toContain('<data value="0.00004">&lt;0.001</data>');
    expect(page).toContain('<data value="0.5">0.500</data>');
    expect(page).toMatch(/<details>\s*<summary>1 left out/);
    expect(textOf(page)).not.toMatch(/true class|p\(true\)/i);
    expect(textOf(page)).toMatch(/1 left out of name of n01 Over the cap Searched as name of n01 &lt;0.001/);
  });

  it('fills each bar to its probability and marks the threshold on that of the class searched as', async () => {
    const page = await pageOf(sheet([sheetClass('n01', { listed: 1 }, { maxTrueProb: 0.1, confusionProb: 0.75 })]));
    const bars = all(page, /<svg class="(bar (?:searched|predicted)"[^]*?)<\/svg>/g);
    expect(bars.map((bar) => all(bar, /class="fill" width="([^"]*)"/g))).toEqual([['10.00'], ['75.00']]);
    expect(bars.map((bar) => all(bar, /d="([^"]*)"/g))).toEqual([['M15.00 0V8'], []]);
  });

  it('describes each picture in words, and says so where there is none', async () => {
    const page = await pageOf(sheet([sheetClass('n01', { listed: 2 })]), async (sha256) => {
      return sha256 === sha256Of('n01 0') ? WEBP : null;
    });
    expect(all(page, /<img alt="([^"]*)"/g)).toEqual(['Photo searched as name of n01, taken by the models for banjo']);
    expect(all(page, /<div class="frame"><span>([^<]*)</g)).toEqual(['no picture']);
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

  it('names a class that is not on the sheet by its wnid, without a link', async () => {
    const page = await pageOf(sheet([sheetClass('n01', { listed: 1 }, { alsoIn: ['n77'] })]));
    expect(page).toMatch(/Also listed under n77</);
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
    await expect(pageOf(sheet([sheetClass('n01', { listed: 3 })]), noThumbnail)).rejects.toThrow('disk gone');
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

describe('the credit of a card', () => {
  it('names the photo so that a person finds it', async () => {
    const sourceId = 'n01/great "grey" owl.jpg@0123456789abcdef';
    const page = await pageOf(sheet([sheetClass('n01', { listed: 1 }, { source: 'folder', sourceId, pageUrl: null })]));
    expect(page).toContain('title="folder:n01/great &quot;grey&quot; owl.jpg@0123456789abcdef"');
    expect(textOf(page)).toContain('folder great &quot;grey&quot; owl.jpg ,');
  });
});

describe('classes of which nothing is kept', () => {
  it('are named only if they had candidates', async () => {
    const none = { ...sheetClass('n03', { listed: 0 }), candidates: 0 };
    const page = await pageOf(sheet([sheetClass('n01', { listed: 1 }), sheetClass('n02', { listed: 0 }), none]));
    const text = textOf(page);
    expect(text).toContain('Nothing kept of 81,413 candidates in 1 class: name of n02. No candidates in 1 class.');
  });
});
