import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Heatmap, ReviewPhoto } from '../../../../core/review/desk/desk.ts';
import { Answers, type Answer } from '../../answers.ts';
import type { SingleDesk } from './single-desk.ts';

const KINDS = [null, 'searched', 'predicted'] as const;
type HeatKind = (typeof KINDS)[number];

export type HeatControl = ReturnType<typeof useHeat>;

/** The heatmap of the shown photo, of the first member whose map is exact. It stays on from photo to photo. */
export function useHeat({ store, photo, members }: SingleDesk) {
  const [kind, setKind] = useState<HeatKind>(null);
  const maps = useMemo(() => new Answers<Heatmap>(), []);
  const { model } = members.find(({ heatmap }) => heatmap === 'class-activation') ?? members[0] ?? {};
  const wanted = photo === null ? null : wantedOf(photo, kind);
  const key = `${model} ${wanted?.wnid} ${wanted?.sha256}`;
  useEffect(() => {
    if (wanted !== null && model !== undefined)
      maps.want(key, () => store.api.heatmap(model, wanted.wnid, wanted.sha256));
  }, [key]);
  const map = maps.get(key);
  return {
    kind,
    /** `rock beauty, efficientnet-lite0`; empty if no heatmap is wanted. */
    text: wanted === null ? '' : `${wanted.name}, ${stateOf(map) ?? model}`,
    shown: kind === null || wanted === null || map.value === null ? null : { map: map.value, kind },
    cycle: () => setKind((now) => KINDS[(KINDS.indexOf(now) + 1) % KINDS.length] ?? null),
  };
}

function wantedOf({ sha256, wnid, name, confusionWnid, confusionName }: ReviewPhoto, kind: HeatKind) {
  if (kind === null || confusionWnid === null || confusionName === null) return null;
  return kind === 'searched' ? { sha256, wnid, name } : { sha256, wnid: confusionWnid, name: confusionName };
}

function stateOf({ value, problem }: Answer<Heatmap>): string | undefined {
  if (value !== null) return undefined;
  return problem === null ? 'loading' : 'not available';
}
