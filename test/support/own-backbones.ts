import type { EvaluationRules } from '../../src/core/filter/engine/evaluated-photo.ts';
import type { ModelInput } from '../../src/core/models/evidence/member.ts';

/** A member as tests make them: it gives one row of logits a crop. */
type TestMember = { readonly input: ModelInput; run(tensor: Float32Array, crops: number): Promise<Float32Array[]> };

export function ownBackbones(members: readonly TestMember[]): Pick<EvaluationRules, 'members' | 'backbones'> {
  return {
    members: members.map((_, i) => `member ${i}`),
    backbones: members.map((member, i) => ({
      input: member.input,
      members: [i],
      run: async (tensor, crops) => (await member.run(tensor, crops)).map((row) => [row]),
    })),
  };
}
