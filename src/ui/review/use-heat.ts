import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Heatmap } from '../../review/desk/desk.ts';
import { Fetched } from './fetched.ts';
import type { SingleDesk } from './single-desk.ts';

type HeatKind = 'searched' | 'predicted' | null;
const STEPS: readonly HeatKind[] = [null, 'searched', 'predicted'];

export interface HeatControl {
  readonly kind: HeatKind;
  /** `rock beauty, efficientnet-lite0`; empty if no heatmap is wanted. */
  readonly text: string;
  readonly shown: { readonly map: Heatmap; readonly kind: 'searched' | 'predicted' } | null;
  /** Class searched, predicted class, off. */
  readonly cycle: () => void;
}

/** A heatmap that is wanted. */
interface Wanted {
  readonly kind: 'searched' | 'predicted';
  readonly wnid: string;
  readonly name: string;
  readonly sha256: string;
  /** Undefined while the evidence is on its way. */
  readonly model: string | undefined;
}

/** The heatmap of the shown photo. It stays on from photo to photo. */
export function useHeat(desk: SingleDesk): HeatControl {
  const { session } = desk;
  const [kind, setKind] = useState<HeatKind>(null);
  const maps = useMemo(() => new Fetched<Heatmap>(() => session.changed()), [session]);
  const wanted = wantedOf(desk, kind);
  const key = wanted === null ? '' : `${wanted.model} ${wanted.wnid} ${wanted.sha256}`;
  useEffect(() => {
    if (wanted?.model === undefined) return;
    const { model, wnid, sha256 } = wanted;
    maps.want(key, () => session.api.heatmap(model, wnid, sha256));
  }, [key]);
  const map = maps.get(key);
  return {
    kind,
    text: wanted === null ? '' : `${wanted.name}, ${stateText(map, wanted)}`,
    shown: wanted === null || map === null || typeof map === 'string' ? null : { map, kind: wanted.kind },
    cycle: () => setKind((now) => STEPS[(STEPS.indexOf(now) + 1) % STEPS.length] ?? null),
  };
}

/** The map of the first member whose map is exact, else that of the first member. */
function wantedOf({ photo, members }: SingleDesk, kind: HeatKind): Wanted | null {
  if (photo === null || kind === null) return null;
  const { sha256, wnid, name, confusionWnid, confusionName } = photo;
  const { model } = members.find(({ heatmap }) => heatmap === 'class-activation') ?? members[0] ?? {};
  return kind === 'searched'
    ? { kind, wnid, name, sha256, model }
    : { kind, wnid: confusionWnid, name: confusionName, sha256, model };
}

function stateText(map: Heatmap | string | null, { model = '' }: Wanted): string {
  if (map === null) return 'loading';
  return typeof map === 'string' ? 'none for this photo' : model;
}
