import { exportCard } from '../card/card.ts';
import { croissantText } from '../croissant/croissant.ts';
import { licencesPage } from '../card/licences-page.ts';
import { verifyExport, type VerifyProgress } from './verify.process.ts';
import type { Verification } from './findings.ts';
import type { SeenPicture } from './photos.process.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import { fingerprintOf } from '../../photo/hashes/fingerprint-index.ts';
import { plainSize } from '../../platform/image/exported-picture.ts';
import { decodeRgb, inspectPhoto } from '../../platform/image/inspect.ts';
import { withoutMetadata } from '../../platform/image/strip.ts';
import { RuleCheck } from '../select/rule-check.process.ts';

export interface VerifyExportOptions {
  readonly sample: number | null;
  readonly threads: number;
  readonly cropsPerPass: number;
  readonly provider: ExecutionProvider;
  readonly maxPixels: number;
  readonly winnow: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: VerifyProgress) => void;
}

/** Checks an export with the files and the models of this machine: no catalogue, no data folder, no network. */
export async function verifyFolder(folder: string, options: VerifyExportOptions): Promise<Verification> {
  const ports = {
    texts: { card: exportCard, licences: licencesPage, croissant: croissantText },
    look: (bytes: Buffer) => look(bytes, options.maxPixels),
    arePixelsEqual,
    startRule: (protocol: Parameters<typeof RuleCheck.start>[0], onProblem: (path: string, detail: string) => void) =>
      RuleCheck.start(protocol, { ...options, onProblem }),
  };
  return verifyExport(folder, ports, options);
}

async function look(bytes: Buffer, maxPixels: number): Promise<SeenPicture | string> {
  const limits = { maxPixels, minSidePixels: 1, maxAspectRatio: Infinity };
  const inspection = await inspectPhoto(bytes, limits, fingerprintOf);
  if (!inspection.ok) return inspection.detail;
  const isPlain = (await plainSize(bytes)) !== null;
  return { ...inspection, isPlain, hasMetadata: withoutMetadata(bytes) !== bytes };
}

async function arePixelsEqual(one: Buffer, other: Buffer): Promise<boolean> {
  const [a, b] = [await decodeRgb(one), await decodeRgb(other)];
  return a.width === b.width && Buffer.from(a.data).equals(b.data);
}
