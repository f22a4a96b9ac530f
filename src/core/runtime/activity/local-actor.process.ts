import { hostname, userInfo } from 'node:os';
import type { Actor } from '../../kernel/activity.ts';

/** The user of the system who runs this command: `ann@lab3`, and `lab3, process 4242`. */
export function localActor(): Actor {
  const machine = hostname();
  return { who: `${userName()}@${machine}`, place: `${machine}, process ${process.pid}` };
}

/** The user's name, or `unknown` if the user has none, as in some containers. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
