import type { Actor } from '../../kernel/activity.ts';
import type { Exchange } from '../route.ts';

/** Who sends a request, for the activity log: the person of the token, or else its role. */
export function actorOf({ request, role, reviewer, hasNamedToken }: Exchange): Actor {
  return { who: (hasNamedToken ? reviewer : null) ?? role ?? 'nobody', place: request.ip };
}
