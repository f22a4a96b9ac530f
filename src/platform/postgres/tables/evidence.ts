import type { Generated } from 'kysely';

/** Row types: results of models for photos. */

export interface ClassListTable {
  id: Generated<number>;
  sha256: Buffer;
  wnids: string[];
}

export interface MemberTable {
  id: Generated<number>;
  model_sha256: Buffer;
  model_name: string;
  preprocessing: string;
  class_list_id: number;
  /** Where the model ran: see `EXECUTION_PROVIDERS`. */
  execution_provider: string;
}

export interface EvidenceTable {
  photo_id: number;
  member_id: number;
  /** 0..9 in TenCrop order. */
  crop: number;
  top1: number;
  top1_prob: number;
  true_classes: number[];
  true_probs: number[];
  logits: Buffer | null;
}

/** Maintained by triggers (`0001-initial/evidence.ts`). */
export interface EvidenceDigestTable {
  photo_id: number;
  member_id: number;
  /** Summaries of the evaluated crops, concatenated. */
  cells: Buffer;
}
