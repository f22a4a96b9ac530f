import { fingerprintOf } from '../../photo/fingerprint.ts';
import type { Inspection, InspectionLimits } from '../../photo/inspection.ts';
import { inspectPhoto } from '../../platform/image/inspect.ts';

/** Inspects bytes as every command does: their content, the limits, and the hashes of what they decode to. */
export function inspect(bytes: Buffer, limits: InspectionLimits): Promise<Inspection> {
  return inspectPhoto(bytes, limits, fingerprintOf);
}
