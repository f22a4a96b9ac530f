import { sql, type RawBuilder } from 'kysely';
import { allowedLicence } from '../decision/decision.repository.ts';
import type { DecisionScope } from '../decision/scope.ts';

/**
 * State and reason of candidate `c` of picture `p` under the collection's current rules. A candidate that was refused
 * when it was found stays refused, and one whose licence is no longer allowed is refused from now on.
 */
export function judged(scope: DecisionScope): Record<'state' | 'reason' | 'detail', RawBuilder<unknown>> {
  const allowed = allowedLicence(scope);
  return {
    state: sql`case when c.refusal is not null or not ${allowed} then 'dropped' else p.state end`,
    reason: sql`coalesce(c.refusal, case when not ${allowed} then 'licence-not-allowed' else p.reason end)`,
    detail: sql`case when c.refusal is not null then c.refusal_detail when not ${allowed} then p.licence else p.detail end`,
  };
}
