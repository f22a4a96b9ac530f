import { keyBudget, type KeyBudget } from '../../funnel/budget.ts';
import { permitOfKey } from '../../source/permit-keys.ts';
import { usedKeys } from '../../source/permit-pause.repository.ts';
import { readStandings } from '../../source/permit.repository.ts';
import type { App } from '../open/app.ts';
import { politenessOf } from './politeness.ts';

/** Hosts come by the thousand: those that wait, and those that were asked last, are enough to see. */
const KEYS_SHOWN = 100;

/** How sources and hosts that were asked stand: those that must be left alone first. */
export async function readBudgets({ db, config }: Pick<App, 'db' | 'config'>): Promise<KeyBudget[]> {
  const settings = politenessOf(config);
  const keys = (await usedKeys(db, KEYS_SHOWN)).flatMap((key) => permitOfKey(key, settings) ?? []);
  return (await readStandings(db, keys)).map(keyBudget);
}
