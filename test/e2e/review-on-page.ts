import type { Page } from 'playwright-core';
import type { VerdictLine } from '../../src/core/review/events/verdict-line.ts';
import { openBrowser } from '../support/browser.ts';
import { inOutput } from '../support/in-output.ts';
import { until } from '../support/until.ts';
import { jsonLines, startWinnow, winnow } from '../support/winnow.ts';
import { Person } from './keyboard-person.ts';

export interface PageReview {
  readonly chromium: string;
  readonly flags: readonly string[];
  readonly reviewer: string;
  /** Listed photos. All are accepted. */
  readonly photos: number;
}

/** One photo in so many gets tags, and one is decided twice. */
const EVERY = 10;
const SENT_WITHIN_MS = 60_000;

/** Starts `winnow review` and accepts every listed photo on its page, at the keyboard: one of ten with tags, one after an undo. */
export async function acceptOnPage({ chromium, flags, reviewer, photos }: PageReview): Promise<void> {
  const review = startWinnow(['review', ...flags, '--port', '0', '--reviewer', reviewer, '--json']);
  const browser = await openBrowser(chromium);
  try {
    const { url } = JSON.parse(await inOutput(review.child, /^(.*)\n/)) as { url: string };
    const page = await browser.newPage();
    await page.goto(url);
    await acceptAll(page, photos);
    // The page sends actions while the person goes on.
    await until(async () => (await acceptedNow(flags)) === photos, SENT_WITHIN_MS);
  } finally {
    await browser.close();
    review.child.kill('SIGINT');
    await review.result;
  }
}

async function acceptedNow(flags: readonly string[]): Promise<number> {
  const { stdout } = await winnow(['verdicts', ...flags, '--json']);
  return jsonLines<VerdictLine>(stdout).filter(({ state }) => state === 'accepted').length;
}

async function acceptAll(page: Page, photos: number): Promise<void> {
  const person = new Person(page);
  for (let i = 0; i < photos; i += 1) {
    if (i % EVERY === 3) await person.tag();
    await person.decide('a', 'accept');
    if (i % EVERY !== 7) continue;
    await person.undo('Backspace');
    await person.decide('a', 'accept');
  }
}
