import type { PictureChange } from '../../kernel/picture-change.ts';
import { changeOf, isStated } from '../card/attribution.ts';
import type { PhotoRow } from '../select/photo-row.ts';
import type { Protocol } from '../protocol.ts';

type Counts = Map<string, number>;

export class Tally {
  photos = 0;
  #alsoPhotos = 0;
  #imported = 0;
  /** Photos by how their files differ from the originals. */
  readonly changes: Record<PictureChange, number> = { unchanged: 0, stripped: 0, reencoded: 0 };
  readonly #classes: Counts = new Map();
  readonly #licences: Counts = new Map();
  readonly #stated: Counts = new Map();
  readonly #sources: Counts = new Map();
  readonly #pages: Counts = new Map();
  readonly #addresses: Counts = new Map();
  readonly #tags: Counts = new Map();
  readonly confusions = new ConfusionCounts();

  add(row: PhotoRow): void {
    this.photos += 1;
    if (row.also_wnids?.length) this.#alsoPhotos += 1;
    if (row.evidence === 'imported') this.#imported += 1;
    this.changes[changeOf(row)] += 1;
    increase(this.#classes, row.wnid);
    increase(this.#licences, row.license);
    if (isStated(row)) increase(this.#stated, row.license);
    increase(this.#sources, row.source);
    if (row.page_url !== '') increase(this.#pages, row.source);
    if (row.source_url !== '') increase(this.#addresses, row.source);
    for (const tag of row.tags) increase(this.#tags, tag);
    this.confusions.add(row.searched_wnid ?? row.wnid, row.predicted_wnid);
  }

  #totalsOf(protocol: Protocol): readonly (readonly [string, number, number])[] {
    // Without pictures no file was changed.
    const { stripped, reencoded } = protocol.options.pixels ? this.changes : { stripped: 0, reencoded: 0 };
    return [
      ['photos', protocol.photos, this.photos],
      ['stripped', protocol.stripped ?? 0, stripped],
      ['reencoded', protocol.reencoded, reencoded],
      ['photos with further classes', protocol.review.alsoPhotos ?? 0, this.#alsoPhotos],
      ['photos with imported evidence', protocol.imported?.photos ?? 0, this.#imported],
    ];
  }

  *countProblems(protocol: Protocol): Generator<string> {
    for (const [name, expected, actual] of this.#totalsOf(protocol))
      if (expected !== actual) yield differ(name, expected, actual);
    const tables: readonly Parameters<typeof differences>[] = [
      ['photos of class', protocol.classes.map(({ wnid, photos }) => [wnid, photos]), this.#classes],
      ['photos of licence', protocol.licences.map(({ licence, photos }) => [licence, photos]), this.#licences],
      [
        'photos with the stated licence',
        protocol.licences.flatMap(({ licence, stated }) => (stated === undefined ? [] : [[licence, stated] as const])),
        this.#stated,
      ],
      ['photos of source', protocol.sources.map(({ source, photos }) => [source, photos]), this.#sources],
      ['photos of tag', protocol.tags.map(({ tag, photos }) => [tag, photos]), this.#tags],
    ];
    yield* tables.flatMap((table) => [...differences(...table)]);
    for (const { source, pages, addresses } of protocol.sources) {
      const [withPage, withAddress] = [this.#pages.get(source) ?? 0, this.#addresses.get(source) ?? 0];
      if (pages !== undefined && pages !== withPage) yield differ(`pages of source '${source}'`, pages, withPage);
      if (addresses !== undefined && addresses !== withAddress)
        yield differ(`addresses of source '${source}'`, addresses, withAddress);
    }
  }
}

export class ConfusionCounts {
  readonly #confusions = new Map<string, Counts>();

  add(searched: string, predicted: string): void {
    const counts = this.#confusions.get(searched) ?? new Map<string, number>();
    this.#confusions.set(searched, counts);
    increase(counts, predicted);
  }

  *problems(cap: number): Generator<string> {
    for (const [searched, counts] of this.#confusions)
      for (const [predicted, photos] of counts)
        if (photos > cap)
          yield `Expected at most ${cap} photos of ${searched} that are taken for ${predicted} but there are ${photos}`;
  }
}

export function increase(counts: Counts, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export function* differences(
  name: string,
  expected: Iterable<readonly [string, number]>,
  counted: ReadonlyMap<string, number>,
): Generator<string> {
  const stated = new Map(expected);
  for (const [key, count] of stated)
    if (count !== (counted.get(key) ?? 0)) yield differ(`${name} '${key}'`, count, counted.get(key) ?? 0);
  for (const [key, count] of counted)
    if (!stated.has(key)) yield `Expected the ${name} '${key}' to be stated but it is missing; there are ${count}`;
}

function differ(name: string, expected: number, actual: number): string {
  return `Expected ${expected} for the ${name} but there are ${actual}`;
}
