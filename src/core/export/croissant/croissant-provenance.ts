import { sourceOf } from '../../config/sources/sources.ts';
import { countOf, countText } from '../../kernel/texts.ts';
import { crawlText, filterText, reviewText, shortlistText, sourceText } from '../card/account.ts';
import type { CroissantNode } from './croissant-terms.ts';
import type { Protocol } from '../protocol.ts';

/** PROV-O (w3.org/TR/prov-o), as Croissant 1.1 uses it: where photos come from, and the steps that made the set, in order. */
export function provenance(protocol: Protocol): CroissantNode {
  return {
    'prov:wasDerivedFrom': protocol.sources.map(origin),
    'prov:wasGeneratedBy': [crawl(protocol), filter(protocol), review(protocol)],
  };
}

function origin({ source, photos, pages = 0, addresses = 0 }: Protocol['sources'][number]): CroissantNode {
  const url = sourceOf(source)?.homepage;
  return {
    ...(url === undefined || url === null ? {} : { '@id': url }),
    '@type': 'prov:Entity',
    'prov:label': sourceText(source),
    description:
      `${countOf(photos, 'photo')} of this revision: ${countText(pages)} with the page, ${countText(addresses)} with the ` +
      'address of the picture.',
  };
}

interface Step {
  readonly id: string;
  readonly label: string;
  readonly text: string;
  readonly by: readonly CroissantNode[];
  readonly period?: Protocol['collected'];
  readonly after?: string;
}

function step({ id, label, text, by, period = null, after }: Step): CroissantNode {
  return {
    '@id': id,
    '@type': 'prov:Activity',
    'prov:label': label,
    description: text,
    'prov:startedAtTime': period === null ? undefined : `${period.first}T00:00:00Z`,
    'prov:endedAtTime': period === null ? undefined : `${period.last}T23:59:59Z`,
    'prov:wasAssociatedWith': by,
    'prov:wasInformedBy': after === undefined ? undefined : { '@id': after },
  };
}

const software = (label: string): CroissantNode => ({ '@type': 'prov:SoftwareAgent', 'prov:label': label });
/** The catalogue does not record which versions crawled and filtered. */
const WINNOW = software('winnow');

function crawl(protocol: Protocol): CroissantNode {
  const { collected: period } = protocol;
  return step({ id: 'steps/crawl', label: 'Crawl', text: crawlText(protocol), by: [WINNOW], period });
}

function filter(protocol: Protocol): CroissantNode {
  const text = `${filterText(protocol)} ${shortlistText(protocol)}`;
  const by = [WINNOW, ...protocol.models.map(({ name, sha256 }) => software(`${name}, SHA-256 ${sha256}`))];
  return step({ id: 'steps/filter', label: 'Filter and shortlist', text, by, after: 'steps/crawl' });
}

function review(protocol: Protocol): CroissantNode {
  const { reviewers, period } = protocol.review;
  const people: CroissantNode = { '@type': 'prov:Agent', 'prov:label': countOf(reviewers, 'reviewer') };
  const text = reviewText(protocol);
  return step({ id: 'steps/review', label: 'Review', text, by: [people], period, after: 'steps/filter' });
}
