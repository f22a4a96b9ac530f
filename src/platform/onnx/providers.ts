import * as ort from 'onnxruntime-node';
import type { Config } from '../../config/settings.ts';
import type { ExecutionProvider } from '../../kernel/execution-provider.ts';
import { messageOf, UsageError } from '../../kernel/errors.ts';
import { createSession } from './session.ts';

/** `y = Relu(x)` over one float: test/fixtures/onnx/probe.onnx. */
const PROBE_BASE64 =
  'CAkSD3dpbm5vdy1maXh0dXJlczo3CgwKAXgSAXkiBFJlbHUSBXByb2JlWg8KAXgSCgoICAESBAoCCAFiDwoBeRIKCggIARIECgIIAUIECgAQEQ==';

export interface ProviderChoice {
  readonly provider: ExecutionProvider;
  /** Why the requested provider cannot be used, and what it needs; null if it can. */
  readonly problem: string | null;
}

/** The execution provider on which a command runs models. @throws UsageError `provider-unavailable` */
export async function requireProvider(
  { executionProvider, providerFallback }: Pick<Config['filter'], 'executionProvider' | 'providerFallback'>,
  log: { warn(message: string): void },
): Promise<ExecutionProvider> {
  const { provider, problem } = await availableProvider(executionProvider);
  if (problem === null) return provider;
  if (!providerFallback)
    throw new UsageError(
      `${problem}. Install that, or set filter.providerFallback to true to run the models on the cpu.`,
      { code: 'provider-unavailable' },
    );
  log.warn(`${problem}. The models run on the cpu.`);
  return provider;
}

/** Runs a tiny graph on the provider: a missing driver or library shows only in use. */
export async function availableProvider(wanted: ExecutionProvider): Promise<ProviderChoice> {
  if (wanted === 'cpu') return { provider: 'cpu', problem: null };
  try {
    await probe(wanted);
    return { provider: wanted, problem: null };
  } catch (error) {
    return { provider: 'cpu', problem: problemText(wanted, messageOf(error)) };
  }
}

async function probe(provider: ExecutionProvider): Promise<void> {
  const session = await createSession(Buffer.from(PROBE_BASE64, 'base64'), { file: 'a one-node graph', provider });
  try {
    const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.of(-1), [1]) });
    if (y?.data[0] !== 0) throw new Error(`it gave ${String(y?.data[0])} for max(0, -1)`);
  } finally {
    await session.release();
  }
}

const NEEDS: Readonly<Record<Exclude<ExecutionProvider, 'cpu'>, string>> = {
  cuda: 'Linux or Windows with an NVIDIA driver, CUDA 12, cuDNN 9 and the libraries of onnxruntime-node for them (ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install)',
  coreml: 'macOS',
  dml: 'Windows with DirectX 12',
};

function problemText(wanted: Exclude<ExecutionProvider, 'cpu'>, why: string): string {
  const [firstLine = ''] = why.replace(/^Expected an ONNX model .* but received: /, '').split('\n');
  return `The execution provider '${wanted}' (filter.executionProvider) cannot be used here: ${firstLine.slice(0, 200)}. It needs ${NEEDS[wanted]}`;
}
