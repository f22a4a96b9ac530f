import type { Inspection, InspectionLimits } from '../../platform/image/inspection.ts';
import { DECODING } from '../../platform/child/suspicion.ts';
import { serveParent, tell } from '../../platform/child/serve-parent.ts';
import { inspect } from '../../photo/inspect.process.ts';

export interface InspectionRequest {
  readonly bytes: Buffer;
  readonly limits: InspectionLimits;
}

serveParent(() =>
  Promise.resolve(async ({ bytes, limits }: InspectionRequest): Promise<Inspection> => {
    tell(DECODING);
    return inspect(bytes, limits);
  }),
);
