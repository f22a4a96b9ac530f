import path from 'node:path';
import { withTensors } from '../../core/platform/onnx/inner-tensor.ts';
import { verifyModelFile } from '../../core/platform/onnx/session.ts';
import type { Ensemble } from '../../core/models/engine/ensemble.process.ts';
import type { MemberSpec } from '../../core/models/engine/spec.ts';
import type { Plan } from './format.ts';

/** The members of a plan. Reads the models' files, because a card may name a tensor inside the graph. */
export async function plannedMembers(
  { identities }: Pick<Ensemble, 'identities'>,
  members: readonly MemberSpec[],
  wnids: readonly string[],
): Promise<Plan['members']> {
  return Promise.all(
    members.map(async (member, i) => {
      const { preprocessing = '' } = identities[i] ?? {};
      const recipe = await recipeOf(member, preprocessing);
      return { member: member.name, modelSha256: member.backbone.sha256, wnids, recipe };
    }),
  );
}

async function recipeOf(
  { backbone, head, mask }: MemberSpec,
  preprocessing: string,
): Promise<Plan['members'][number]['recipe']> {
  const { file, sha256, externalData = [], input, inputName, format = {} } = backbone;
  const { names } = withTensors(await verifyModelFile(file, sha256), [head.output], file);
  const { size, shorterSide, isSquare, interpolation, mean, std } = input;
  return {
    preprocessing,
    model: {
      file: path.resolve(file),
      sha256,
      externalData: externalData.map((one) => ({ name: one.name, file: path.resolve(one.file), sha256: one.sha256 })),
    },
    decode: { exifOrientation: 'applied', alpha: 'on-white', grey16: 'high-byte', colourProfiles: 'ignored' },
    resize: { side: shorterSide, square: isSquare, interpolation },
    crops: { kind: 'ten-crop', size, centre: 'half-to-even' },
    normalise: { mean, std },
    input: { name: inputName, layout: format.layout ?? 'nchw', type: format.type ?? 'float32' },
    output: { name: names[0] ?? head.output, values: head.values ?? 'logits' },
    head:
      head.layer === undefined
        ? null
        : {
            file: path.resolve(head.layer.file),
            sha256: head.layer.sha256,
            normalise: head.layer.isUnit === true,
          },
    probabilities: head.isSigmoid === true ? 'sigmoid' : 'softmax',
    places: mask,
  };
}
