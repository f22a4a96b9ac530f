import type { ExportFormat, Protocol } from './protocol.ts';

export interface ExportOptions {
  readonly out: string;
  readonly formats: readonly ExportFormat[];
  readonly names: Protocol['options']['names'];
  readonly by: 'predicted' | 'concept';
  /** Normalised licences. Null for those that allow redistribution. */
  readonly licences: readonly string[] | null;
  readonly pixels: boolean;
  readonly hardLinks: boolean;
  readonly thumbnails: boolean;
  readonly keepMetadata: boolean;
  readonly requireAcceptance: boolean;
  readonly signal: AbortSignal;
  /** Called while the evidence of the photos is checked, before anything is written. */
  readonly onChecked: (checked: { readonly photos: number; readonly of: number }) => void;
  readonly onProgress: (written: { readonly photos: number; readonly of: number; readonly bytes: number }) => void;
}
