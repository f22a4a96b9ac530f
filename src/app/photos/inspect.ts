import { fingerprintOf } from '../../photo/fingerprint.ts';
import type { Inspection, InspectionLimits } from '../../photo/inspection.ts';
import { inspectPhoto } from '../../platform/image/inspect.ts';

/**
 * Inspects bytes in the same way for every command: their content, the limits, and the hashes of the decoded picture.
 */
export function inspect(bytes: Buffer, limits: InspectionLimits): Promise<Inspection> {
  return inspectPhoto(bytes, limits, fingerprintOf);
}
