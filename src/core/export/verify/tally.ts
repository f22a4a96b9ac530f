import type { PhotoRow } from '../select/photo-row.ts';
import { changeOf, isStated, webHost } from '../card/attribution.ts';
import type { Protocol } from '../protocol.ts';

/** Days, such as `2026-11-26`, which sort as text. */
export class Days {
  #first = '';
  #last = '';
  #photos = 0;

  add(day: string | null | undefined): void {
    if (!day) return;
    this.#photos += 1;
    if (this.#first === '' || day < this.#first) this.#first = day;
    if (day > this.#last) this.#last = day;
  }

  period(): { first: string; last: string } | null {
    return this.#first === '' ? null : { first: this.#first, last: this.#last };
  }

  dated(): { first: string; last: string; photos: number } | null {
    const period = this.period();
    return period && { ...period, photos: this.#photos };
  }
}

type Counts = Map<string, number>;

/** Counts the rows of the set, by the words of the problems that it finds. */
export class Tally {
  readonly confusions = new ConfusionCounts();
  readonly #counts = new Map<string, Counts>();
  readonly #taken = new Days();
  readonly #uploaded = new Days();

  add(row: PhotoRow): void {
    this.#count('photos');
    this.#count(changeOf(row));
    if (row.also_wnids?.length) this.#count('photos with further classes');
    if (row.evidence === 'imported') this.#count('photos with imported evidence');
    this.#count('photos of class', row.wnid);
    this.#count('photos of licence', row.license);
    if (isStated(row)) this.#count('photos with the stated licence', row.license);
    this.#count('photos of source', row.source);
    if (row.page_url !== '') this.#count('pages of source', row.source);
    if (row.source_url !== '') this.#count('addresses of source', row.source);
    this.#addStatements(row);
    this.#taken.add(row.taken_at);
    this.#uploaded.add(row.uploaded_at);
    for (const tag of row.tags) this.#count('photos of tag', tag);
    this.confusions.add(row.searched_wnid ?? row.wnid, row.predicted_wnid);
  }

  #addStatements({ restrictions = [], usage_signals: signals, source_url }: PhotoRow): void {
    for (const restriction of restrictions) this.#count('photos with restriction', restriction);
    if (signals === undefined) return;
    const host = webHost(source_url);
    this.#count('photos of host', host);
    for (const signal of signals) this.#count('photos with signal', `${host} ${signal}`);
  }

  #count(name: string, key = ''): void {
    const counts = this.#of(name);
    this.#counts.set(name, counts);
    increase(counts, key);
  }

  #of(name: string): Counts {
    return this.#counts.get(name) ?? new Map<string, number>();
  }

  #totals(protocol: Protocol): readonly (readonly [name: string, expected: number, actual: number])[] {
    const all = (name: string): number => this.#of(name).get('') ?? 0;
    // Without pictures no file was changed.
    const changed = (name: string): number => (protocol.options.pixels ? all(name) : 0);
    return [
      ['photos', protocol.photos, all('photos')],
      ['stripped', protocol.stripped ?? 0, changed('stripped')],
      ['reencoded', protocol.reencoded, changed('reencoded')],
      ['photos with further classes', protocol.review.alsoPhotos ?? 0, all('photos with further classes')],
      ['photos with imported evidence', protocol.imported?.photos ?? 0, all('photos with imported evidence')],
    ];
  }

  *countProblems(protocol: Protocol): Generator<string> {
    for (const [name, expected, actual] of this.#totals(protocol))
      if (expected !== actual) yield differ(name, expected, actual);
    for (const [name, stated] of statedIn(protocol)) yield* differences(name, stated, this.#of(name));
    const dates = JSON.stringify({ taken: this.#taken.dated(), uploaded: this.#uploaded.dated() });
    if (protocol.dates !== undefined && JSON.stringify(protocol.dates) !== dates)
      yield `Expected ${JSON.stringify(protocol.dates)} for the days of the photos but they are ${dates}`;
    for (const { source, ...of } of protocol.sources)
      for (const what of ['pages', 'addresses'] as const) {
        const [expected, actual] = [of[what], this.#of(`${what} of source`).get(source) ?? 0];
        if (expected === undefined || expected === actual) continue;
        yield differ(`${what} of source '${source}'`, expected, actual);
      }
  }
}

type Stated = readonly (readonly [key: string, photos: number | undefined])[];

function statedIn({
  classes,
  licences,
  restrictions = [],
  domains = [],
  sources,
  tags,
}: Protocol): readonly (readonly [name: string, Stated])[] {
  return [
    ['photos of class', classes.map(({ wnid, photos }) => [wnid, photos])],
    ['photos of licence', licences.map(({ licence, photos }) => [licence, photos])],
    ['photos with the stated licence', licences.map(({ licence, stated }) => [licence, stated])],
    ['photos with restriction', restrictions.map(({ restriction, photos }) => [restriction, photos])],
    ['photos of host', domains.map(({ host, photos }) => [host, photos])],
    [
      'photos with signal',
      domains.flatMap(({ host, signals }) =>
        signals.map(({ signal, photos }) => [`${host} ${signal}`, photos] as const),
      ),
    ],
    ['photos of source', sources.map(({ source, photos }) => [source, photos])],
    ['photos of tag', tags.map(({ tag, photos }) => [tag, photos])],
  ];
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

export function* differences(name: string, expected: Stated, counted: ReadonlyMap<string, number>): Generator<string> {
  const stated = new Map(expected.filter((pair): pair is [string, number] => pair[1] !== undefined));
  for (const [key, count] of stated)
    if (count !== (counted.get(key) ?? 0)) yield differ(`${name} '${key}'`, count, counted.get(key) ?? 0);
  for (const [key, count] of counted)
    if (!stated.has(key)) yield `Expected the ${name} '${key}' to be stated but it is missing; there are ${count}`;
}

export function differ(name: string, expected: number, actual: number): string {
  return `Expected ${expected} for the ${name} but there are ${actual}`;
}
