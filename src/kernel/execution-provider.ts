export const EXECUTION_PROVIDERS = ['cpu', 'cuda', 'coreml', 'dml'] as const;

export type ExecutionProvider = (typeof EXECUTION_PROVIDERS)[number];

/** Where a crop ran. `imported`: in another program (`winnow evidence import`), so no model of winnow runs there. */
export type EvidenceProvider = ExecutionProvider | 'imported';
