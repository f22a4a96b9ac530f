/** Where models can run, in the terms of ONNX Runtime: `cpu`, or another execution provider. */
export const EXECUTION_PROVIDERS = ['cpu', 'cuda', 'coreml', 'dml'] as const;

export type ExecutionProvider = (typeof EXECUTION_PROVIDERS)[number];
