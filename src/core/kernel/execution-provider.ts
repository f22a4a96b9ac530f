export const EXECUTION_PROVIDERS = ['cpu', 'cuda', 'coreml', 'dml'] as const;

export type ExecutionProvider = (typeof EXECUTION_PROVIDERS)[number];

/** Where a crop ran. `imported`: in another program (`winnow evidence import`), so no model of winnow runs there. */
export type EvidenceProvider = ExecutionProvider | 'imported';

/** Where a session runs. */
export interface ModelPlace {
  /** `cpu` by default. Must be available: see `availableProvider`. */
  readonly provider?: ExecutionProvider | undefined;
  /** Number of the GPU, for providers with several. By default the provider chooses, which is 0. */
  readonly device?: number | undefined;
}

/** Providers that take the number of a GPU. */
export const WITH_DEVICES: readonly ExecutionProvider[] = ['cuda', 'dml'];
