import { sourceOf } from '../../config/sources/sources.ts';
import { countOf, countText } from '../../kernel/texts.ts';
import { sourceText, type Account } from '../card/account.ts';
import type { CroissantNode } from './croissant-terms.ts';
import type { Protocol } from '../protocol.ts';

/** PROV-O (w3.org/TR/prov-o), as Croissant 1.1 uses it: where photos come from, and the steps that made the set, in order. */
export function provenance({ sources, collected, models, review, texts }: Account): CroissantNode {
  const people: CroissantNode = { '@type': 'prov:Agent', 'prov:label': countOf(review.reviewers, 'reviewer') };
  const filters = models.map(({ name, sha256 }) => software(`${name}, SHA-256 ${sha256}`));
  return {
    'prov:wasDerivedFrom': sources.map(origin),
    'prov:wasGeneratedBy': [
      step({ id: 'steps/crawl', label: 'Crawl', text: texts.crawl, by: [WINNOW], period: collected }),
      step({
        id: 'steps/filter',
        label: 'Filter and shortlist',
        text: `${texts.filter} ${texts.shortlist}`,
        by: [WINNOW, ...filters],
        after: 'steps/crawl',
      }),
      step({
        id: 'steps/review',
        label: 'Review',
        text: texts.review,
        by: [people],
        period: review.period,
        after: 'steps/filter',
      }),
    ],
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
