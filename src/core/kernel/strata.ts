/**
 * The distinct photos of a crawl, of the classes that have a listed photo: listed; kept but left out by the cap or the target; dropped
 * as `correct` or `confident`. A near-duplicate of a listed photo belongs to its twin. Reviewers judge all listed photos, and of each
 * other stratum a simple random sample over all classes, so that a report can estimate the accuracy of a model on the crawl.
 * The values are their names in words.
 */
export const STRATA = {
  listed: 'listed',
  'left-out': 'left out by cap or target',
  correct: 'dropped as correct',
  confident: 'dropped as confident',
} as const;
export type StratumName = keyof typeof STRATA;
