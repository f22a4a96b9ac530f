import type { WnidScope } from '../../candidate/candidate.ts';
import { classTallies, type ClassTally } from '../../candidate/tally.repository.ts';
import { candidateWnids } from '../../decision/scope.ts';
import type { KeyBudget } from '../../funnel/budget.ts';
import { messageOf } from '../../kernel/errors.ts';
import { readBudgets } from '../network/budgets.ts';
import type { Workspace } from '../open/workspace.ts';

/** What the catalogue says of a crawl that is under way. */
export interface CrawlView {
  readonly classes: readonly ClassTally[];
  readonly budgets: readonly KeyBudget[];
}

const LOOK_EVERY_MS = 2_000;

/** Looks at the catalogue now and then, for progress: other workers on the same crawl are seen, too. */
export function watchCrawl(
  { app, scope }: Workspace,
  { sources, wnids = candidateWnids(scope) }: { readonly sources: readonly string[]; readonly wnids?: WnidScope },
): { view(): CrawlView; stop(): Promise<void> } {
  let view: CrawlView = { classes: [], budgets: [] };
  let look: Promise<void> | null = null;
  const takeLook = async (): Promise<void> => {
    try {
      view = { classes: await classTallies(app.db, { sources, wnids }), budgets: await readBudgets(app) };
    } catch (error) {
      // Whatever keeps the catalogue from answering ends the run elsewhere; progress is no reason to.
      app.log.debug({ reason: messageOf(error) }, 'the crawl could not be looked at');
    } finally {
      look = null;
    }
  };
  const timer = setInterval(() => {
    look ??= takeLook();
  }, LOOK_EVERY_MS);
  return {
    /** As of the last look. */
    view: () => view,
    stop: async () => {
      clearInterval(timer);
      await look;
    },
  };
}
