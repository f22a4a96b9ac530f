import { describe, expect, it } from 'vitest';
import {
  collectionPage,
  COLLECTION_PAGE,
  framedPage,
  logInPage,
  navigationHtml,
  problemPage,
  PAGES,
} from '../../../../src/web/server/pages.tsx';

const reader = { role: 'reviewer', hasTokens: false, collection: 'birds' } as const;
const linksIn = (html: string): string[] =>
  [...html.matchAll(/<nav class="site".*?<\/nav>/gs)].flatMap(([bar]) =>
    [...bar.matchAll(/<a href="([^"]*)"/g)].map(([, href = '']) => href),
  );

describe('the top bar', () => {
  it('has the same links on each page of a collection, and marks the page that is open', () => {
    const framed = PAGES.filter(({ path }) => path !== '/');
    const pages = [
      collectionPage(COLLECTION_PAGE, { ...reader, now: null, hasOperations: true }),
      ...framed.map((page) => framedPage(page, reader)),
    ];
    const links = [
      '/',
      '/c/birds/',
      '/c/birds/photos',
      ...['review', 'revisions', 'report'].map((page) => `/c/birds/${page}`),
      '/queues',
    ];
    expect([...pages, navigationHtml('birds')].map(linksIn)).toEqual([...pages, ''].map(() => links));
    const current = { photos: 'Photos', review: 'Review', quiz: 'Review', queues: 'Queues' };
    expect(pages.map((html) => /aria-current="page">(\w+)</.exec(html)?.[1])).toEqual([
      'birds',
      ...framed.map(({ script }) => Reflect.get(current, script)),
    ]);
  });

  it('is on the pages that are of no collection', () => {
    const pages = [logInPage(null, '/'), problemPage('gone')];
    expect(pages.map(linksIn)).toEqual(pages.map(() => ['/', '/queues']));
  });
});
