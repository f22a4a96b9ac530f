import type { WnidScope } from '../crawl/candidates/candidate.ts';
import { classTallies, type ClassTally } from '../crawl/candidates/tally.repository.ts';
import { candidateWnids } from '../models/workspace/scope.ts';
import type { KeyBudget } from '../crawl/network/budget.ts';
import { messageOf } from '../kernel/errors.ts';
import { readBudgets } from '../crawl/network/politeness.process.ts';
import type { Workspace } from '../models/workspace/workspace.process.ts';

export interface CrawlView {
  readonly classes: readonly ClassTally[];
  readonly budgets: readonly KeyBudget[];
}

const LOOK_EVERY_MS = 2_000;

/** Polls the catalogue for progress, so that other workers on the same crawl are included. */
export function watchCrawl(
  { app, scope }: Workspace,
  { sources, wnids = candidateWnids(scope) }: { readonly sources: readonly string[]; readonly wnids?: WnidScope },
): { view(): CrawlView; stop(): Promise<void> } {
  let view: CrawlView = { classes: [], budgets: [] };
  let look: Promise<void> | null = null;
  const takeLook = async (): Promise<void> => {
    try {
      view = {
        classes: await classTallies(app.db, { collectionId: scope.collectionId, sources, wnids }),
        budgets: await readBudgets(app),
      };
    } catch (error) {
      // A failed progress query does not end the run. If the catalogue is gone, the work itself fails.
      app.log.debug({ reason: messageOf(error) }, 'the crawl could not be looked at');
    } finally {
      look = null;
    }
  };
  const timer = setInterval(() => {
    look ??= takeLook();
  }, LOOK_EVERY_MS);
  return {
    view: () => view,
    stop: async () => {
      clearInterval(timer);
      await look;
    },
  };
}
