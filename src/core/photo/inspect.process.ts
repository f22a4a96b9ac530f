import { fingerprintOf } from './hashes/fingerprint-index.ts';
import type { Inspection, InspectionLimits } from '../platform/image/inspection.ts';
import { generatedAs } from '../platform/image/generated.ts';
import { inspectPhoto } from '../platform/image/inspect.ts';

/** Inspects bytes for every command: content, limits, hashes, and whether the file declares that it was generated. */
export async function inspect(bytes: Buffer, limits: InspectionLimits): Promise<Inspection> {
  const inspection = await inspectPhoto(bytes, limits, fingerprintOf);
  const declared = inspection.ok ? generatedAs(inspection.format, bytes) : null;
  if (declared === null) return inspection;
  const detail = `Expected a photo but its file declares the digital source type ${declared}`;
  return { ok: false, state: 'dropped', reason: 'ai-generated', detail };
}
