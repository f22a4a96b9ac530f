import type { CropRef } from '../../../../core/models/evidence/evidence.ts';
import type { ModelEvidence } from '../../../../core/review/desk/desk.ts';
import { probabilityText } from '../../../../core/kernel/texts.ts';

export const FIRST_SHOWN_CROP: CropRef = { member: 0, crop: 4 };

const PLACES = ['top left', 'top right', 'bottom left', 'bottom right', 'centre'];

/** `top left`, `centre, mirrored`; crops are in TenCrop order. */
export function cropText(crop: number): string {
  return `${PLACES[crop % PLACES.length] ?? crop}${crop >= PLACES.length ? ', mirrored' : ''}`;
}

export function cropAt(members: readonly ModelEvidence[], { member, crop }: CropRef) {
  return members[member]?.crops.find((one) => one.crop === crop) ?? null;
}

interface CropGridProps {
  readonly members: readonly ModelEvidence[];
  readonly confusionWnid: string | null;
  readonly chosen: CropRef;
  readonly onChoose: (crop: CropRef) => void;
  readonly onLeave: () => void;
}

/** A cell for each crop of each model, the darker the more probable its first class is. Arrow keys move between cells. */
export function CropGrid({ members, confusionWnid, chosen, onChoose, onLeave }: CropGridProps) {
  const press = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = { member: chosen.member + step[0], crop: chosen.crop + step[1] };
    if (cropAt(members, next) === null) return;
    onChoose(next);
    const grid = event.currentTarget instanceof Element ? event.currentTarget : null;
    grid?.querySelector<HTMLElement>(`[data-cell="${next.member} ${next.crop}"]`)?.focus();
  };
  return (
    <div class="crop-grid" role="group" aria-label="Crops" onKeyDown={press} onPointerLeave={onLeave}>
      {members.map(({ model, crops }, member) => (
        <div key={model} class="row">
          <span class="model" title={model}>
            {shortName(model)}
          </span>
          {crops.map(({ crop, top: [first] }) => {
            const isChosen = chosen.member === member && chosen.crop === crop;
            return (
              <button
                key={crop}
                type="button"
                data-cell={`${member} ${crop}`}
                class={first?.wnid === confusionWnid ? 'confusion' : 'another'}
                style={{ '--p': `${Math.round(100 * (first?.prob ?? 0))}%` }}
                tabIndex={isChosen ? 0 : -1}
                aria-pressed={isChosen}
                aria-label={`${model}, ${cropText(crop)}: ${first?.name ?? 'nothing stored'} ${probabilityText(first?.prob ?? 0)}`}
                onMouseDown={(event) => event.preventDefault()}
                onPointerEnter={() => onChoose({ member, crop })}
                onFocus={() => onChoose({ member, crop })}
                onClick={() => onChoose({ member, crop })}
              />
            );
          })}
        </div>
      ))}
    </div>
  );
}

export function shortName(model: string): string {
  return model.split('-').at(-1) ?? model;
}

const STEPS: Readonly<Record<string, readonly [member: number, crop: number]>> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};
