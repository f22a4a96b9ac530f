import { fingerprintOf } from './hashes/fingerprint-index.ts';
import type { Inspection, InspectionLimits } from '../platform/image/inspection.ts';
import { declarationsOf } from '../platform/image/declarations.ts';
import { inspectPhoto } from '../platform/image/inspect.ts';

/** Inspects bytes for every command: content, limits, hashes, and what the file declares of its origin and of data mining. */
export async function inspect(bytes: Buffer, limits: InspectionLimits): Promise<Inspection> {
  const inspection = await inspectPhoto(bytes, limits, fingerprintOf);
  if (!inspection.ok) return inspection;
  const { generatedAs, dataMining } = declarationsOf(inspection.format, bytes);
  if (generatedAs === null) return { ...inspection, dataMining };
  const detail = `Expected a photo but its file declares the digital source type ${generatedAs}`;
  return { ok: false, state: 'dropped', reason: 'ai-generated', detail, dataMining };
}
