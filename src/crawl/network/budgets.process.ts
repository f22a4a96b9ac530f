import { keyBudget, type KeyBudget } from './budget.ts';
import { permitOfKey } from '../sources/permit-keys.ts';
import { usedKeys } from '../sources/permit-pause.repository.ts';
import { readStandings } from '../sources/permit.repository.ts';
import type { App } from '../../runtime/open/app.process.ts';
import { politenessOf } from './politeness.process.ts';

/** There may be thousands of hosts. It suffices to show those that wait and those that were asked last. */
const KEYS_SHOWN = 100;

/** Returns the budgets of the sources and hosts that were asked. Those that must not be asked now come first. */
export async function readBudgets({ db, config }: Pick<App, 'db' | 'config'>): Promise<KeyBudget[]> {
  const settings = politenessOf(config);
  const keys = (await usedKeys(db, KEYS_SHOWN)).flatMap((key) => permitOfKey(key, settings) ?? []);
  return (await readStandings(db, keys)).map(keyBudget);
}
