import { agreementOf, blindVerdictsOf, addVerdicts } from '../../review/agreement/agreement.ts';
import { SecondPassSample } from '../../review/acceptance/acceptance.ts';
import { SHOWN_BY } from '../../review/events/event.ts';
import { rightsTexts, webAddress, webHost } from '../card/attribution.ts';
import { EXPORT_REASONS, type Protocol } from '../protocol.ts';
import { Days, increase } from '../verify/tally.ts';
import type { SelectedPhoto } from './select.ts';

type Counts = Pick<
  Protocol,
  | 'photos'
  | 'leftOut'
  | 'licences'
  | 'restrictions'
  | 'domains'
  | 'dates'
  | 'sources'
  | 'tags'
  | 'collected'
  | 'classes'
> & {
  readonly review: Pick<Protocol['review'], 'reviewers' | 'orders' | 'period' | 'agreement'> & {
    readonly alsoPhotos: number;
  };
  readonly originalBytes: number;
  /** Photos and controls that were decided on imported evidence. */
  readonly imported: { readonly photos: number; readonly controls: number };
  /** Null if no photo is a control. */
  readonly control: Omit<NonNullable<Protocol['control']>, 'bytes'> | null;
};

const ORDERS = [...SHOWN_BY, 'import'] as const;

export class ExportTally {
  readonly inspection = new SecondPassSample();
  readonly #folders = new Map<string, number>();
  readonly #leftOut = new Map<string, number>();
  readonly #licences = new Map<string, { url: string; photos: number; stated?: number }>();
  readonly #sources = new Map<string, { photos: number; pages: number; addresses: number }>();
  readonly #restrictions = new Map<string, number>();
  readonly #domains = new Map<string, { photos: number; signals: Map<string, number> }>();
  readonly #tags = new Map<string, number>();
  readonly #orders = new Map<string, number>();
  readonly #reviewers = new Set<string>();
  readonly #blind = new Map<string, number>();
  readonly #collected = new Days();
  readonly #taken = new Days();
  readonly #uploaded = new Days();
  readonly #reviewed = new Days();
  readonly #imported = { photos: 0, controls: 0 };
  readonly #control = { photos: 0, states: new Map<string, number>(), licences: new Set<string>() };
  #originalBytes = 0;
  #alsoPhotos = 0;

  add(photo: SelectedPhoto): void {
    if (photo.split === 'control') {
      this.#addControl(photo);
      return;
    }
    this.#addReviews(photo);
    this.inspection.add({ ...photo, isListed: photo.rank !== null });
    if (photo.leftOut === null) this.#addPhoto(photo);
    else increase(this.#leftOut, photo.leftOut);
  }

  #addControl({ state, leftOut, bytes, rights, isImported }: SelectedPhoto): void {
    increase(this.#control.states, state);
    if (leftOut !== null) return;
    this.#control.photos += 1;
    if (isImported) this.#imported.controls += 1;
    if (rights !== null) this.#control.licences.add(rightsTexts(rights).license);
    this.#originalBytes += bytes ?? 0;
  }

  #addReviews({ reviews }: SelectedPhoto): void {
    for (const { reviewer, shownBy, at } of reviews) {
      this.#reviewers.add(reviewer);
      increase(this.#orders, shownBy ?? 'import');
      this.#reviewed.add(at.slice(0, 10));
    }
    const verdicts = blindVerdictsOf(reviews);
    if (verdicts.length > 1) addVerdicts(this.#blind, verdicts);
  }

  #addPhoto({ bytes, alsoWnids, tags, rights, folder, isImported, ...facts }: SelectedPhoto): void {
    increase(this.#folders, folder);
    if (isImported) this.#imported.photos += 1;
    this.#originalBytes += bytes ?? 0;
    if (alsoWnids.length > 0) this.#alsoPhotos += 1;
    for (const tag of tags) increase(this.#tags, tag);
    this.#taken.add(facts.takenAt);
    this.#uploaded.add(facts.uploadedAt);
    for (const restriction of facts.restrictions ?? []) increase(this.#restrictions, restriction);
    if (rights === null) return;
    this.#collected.add(rights.foundOn);
    const { license, license_url: url, page_url: page } = rightsTexts(rights);
    const source = this.#sources.get(rights.source) ?? { photos: 0, pages: 0, addresses: 0 };
    this.#sources.set(rights.source, {
      photos: source.photos + 1,
      pages: source.pages + (page === '' ? 0 : 1),
      addresses: source.addresses + (webAddress(rights.url) === '' ? 0 : 1),
    });
    this.#addDomain(webHost(rights.url), facts.signals ?? []);
    this.#addLicence(license, url, rights.rightsBy === 'curator');
  }

  /** @param host '' for a file */
  #addDomain(host: string, signals: readonly string[]): void {
    const domain = this.#domains.get(host) ?? { photos: 0, signals: new Map<string, number>() };
    for (const signal of signals) increase(domain.signals, signal);
    this.#domains.set(host, { ...domain, photos: domain.photos + 1 });
  }

  #addLicence(license: string, url: string, isStated: boolean): void {
    const known = this.#licences.get(license);
    // The first address of a licence in the order of the photos, so that it does not change between two exports.
    const stated = (known?.stated ?? 0) + (isStated ? 1 : 0);
    const counts = { photos: (known?.photos ?? 0) + 1, ...(stated === 0 ? {} : { stated }) };
    this.#licences.set(license, { url: known?.url || url, ...counts });
  }

  counts(nameOf: (folder: string) => string): Counts {
    const { photos: controls, states, licences } = this.#control;
    return {
      photos: [...this.#folders.values()].reduce((sum, photos) => sum + photos, 0),
      originalBytes: this.#originalBytes,
      imported: this.#imported,
      classes: classesOf(this.#folders, nameOf),
      control:
        states.size === 0
          ? null
          : {
              photos: controls,
              accepted: states.get('accepted') ?? 0,
              rejected: states.get('rejected') ?? 0,
              licences: [...licences].toSorted(),
            },
      leftOut: EXPORT_REASONS.flatMap((reason) => {
        const count = this.#leftOut.get(reason);
        return count === undefined ? [] : [{ reason, count }];
      }),
      licences: sorted(this.#licences).map(([licence, of]) => ({ licence, ...of })),
      restrictions: sorted(this.#restrictions).map(([restriction, photos]) => ({ restriction, photos })),
      domains: sorted(this.#domains).map(([host, { photos, signals }]) => {
        return { host, photos, signals: sorted(signals).map(([signal, of]) => ({ signal, photos: of })) };
      }),
      dates: { taken: this.#taken.dated(), uploaded: this.#uploaded.dated() },
      sources: sorted(this.#sources).map(([source, of]) => ({ source, ...of })),
      tags: sorted(this.#tags)
        .toSorted(([, a], [, b]) => b - a)
        .map(([tag, photos]) => ({ tag, photos })),
      collected: this.#collected.period(),
      review: {
        reviewers: this.#reviewers.size,
        orders: ORDERS.flatMap((order) => {
          const verdicts = this.#orders.get(order);
          return verdicts === undefined ? [] : [{ order, verdicts }];
        }),
        period: this.#reviewed.period(),
        agreement: agreementOf(this.#blind),
        alsoPhotos: this.#alsoPhotos,
      },
    };
  }
}

/** Two classes with the same name (there are two of 'crane') have their wnids in their names. */
function classesOf(folders: ReadonlyMap<string, number>, nameOf: (folder: string) => string): Protocol['classes'] {
  const names = new Map<string, number>();
  for (const folder of folders.keys()) increase(names, nameOf(folder));
  return sorted(folders).map(([wnid, photos], label) => {
    const name = nameOf(wnid);
    return { label, wnid, name: (names.get(name) ?? 0) > 1 ? `${name} (${wnid})` : name, photos };
  });
}

function sorted<Value>(counts: ReadonlyMap<string, Value>): [string, Value][] {
  return [...counts].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
