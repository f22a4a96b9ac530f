import * as ort from 'onnxruntime-node';
import type { Config } from '../../config/settings.ts';
import { WITH_DEVICES, type ExecutionProvider, type ModelPlace } from '../../kernel/execution-provider.ts';
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

type ProviderSettings = Pick<Config['filter'], 'executionProvider' | 'providerFallback' | 'devices'>;

/**
 * The execution provider on which a command runs models.
 *
 * @throws UsageError `provider-unavailable`, `no-devices`
 */
export async function requireProvider(
  { executionProvider, providerFallback, devices }: ProviderSettings,
  log: { warn(message: string): void },
): Promise<ExecutionProvider> {
  const { provider, problem } = await availableProvider(executionProvider, devices);
  if (problem === null) return provider;
  if (!providerFallback)
    throw new UsageError(
      `${problem}. Install that, or set filter.providerFallback to true to run the models on the cpu.`,
      { code: 'provider-unavailable' },
    );
  log.warn(`${problem}. The models run on the cpu.`);
  return provider;
}

/**
 * Runs a tiny graph on the provider, and on each device: a missing driver, library or GPU shows only in use.
 *
 * @throws UsageError `no-devices` if the provider takes no device
 */
export async function availableProvider(
  wanted: ExecutionProvider,
  devices: readonly number[] = [],
): Promise<ProviderChoice> {
  if (devices.length > 0 && !WITH_DEVICES.includes(wanted))
    throw new UsageError(
      `filter.devices is [${devices.join(', ')}], but filter.executionProvider is '${wanted}', which has no numbered devices. Set filter.executionProvider to ${WITH_DEVICES.join(' or ')}, or filter.devices to [].`,
      { code: 'no-devices' },
    );
  if (wanted === 'cpu') return { provider: 'cpu', problem: null };
  for (const device of devices.length === 0 ? [undefined] : devices)
    try {
      await probe({ provider: wanted, device });
    } catch (error) {
      return { provider: 'cpu', problem: problemText(wanted, device, messageOf(error)) };
    }
  return { provider: wanted, problem: null };
}

async function probe(place: ModelPlace): Promise<void> {
  const session = await createSession(Buffer.from(PROBE_BASE64, 'base64'), { file: 'a one-node graph', ...place });
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

function problemText(wanted: Exclude<ExecutionProvider, 'cpu'>, device: number | undefined, why: string): string {
  const at = device === undefined ? '' : ` on device ${device} (filter.devices)`;
  const [firstLine = ''] = why.replace(/^Expected an ONNX model .* but received: /, '').split('\n');
  return `The execution provider '${wanted}' (filter.executionProvider) cannot be used here${at}: ${firstLine.slice(0, 200)}. It needs ${NEEDS[wanted]}`;
}
