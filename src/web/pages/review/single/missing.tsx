import { photosPath } from '../../../../core/kernel/photo-filter.ts';
import { useAnswer } from '../../answers.ts';
import { tilesOf } from '../../photos/candidate.ts';
import { ruleText, stateText } from '../../photos/tile.ts';
import { hrefOf } from '../view-url.ts';
import { Calm } from './calm.tsx';
import type { SingleDesk } from './single-desk.ts';

interface MissingProps {
  readonly desk: SingleDesk;
  readonly missing: NonNullable<SingleDesk['missing']>;
}

/** Why the photo of the address is not shown. In a blind review an unknown, a dropped and a hidden photo get the same answer. */
export function Missing({ desk, missing }: MissingProps) {
  const { store, page } = desk;
  const { collection, setup } = store;
  const here = hrefOf(collection, page, { ...desk.view.value, photo: missing });
  const links = { 'Go to the queue': hrefOf(collection, page, { ...desk.view.value, photo: undefined }) };
  if (missing.problem !== null)
    return (
      <Calm title="The photo of this address cannot be read now" links={{ 'Try again': here, ...links }}>
        {missing.problem}.
      </Calm>
    );
  const title = 'This photo is not in your queue';
  return setup.isBlind ? (
    <Calm title={title} links={links}>
      This review is blind. It does not tell whether the collection has the photo.
    </Calm>
  ) : (
    <Calm
      title={title}
      links={{ ...links, Card: photosPath(collection, { photo: `${missing.sha256}.${missing.wnid}` }) }}
    >
      <Reason desk={desk} missing={missing} />
    </Calm>
  );
}

function Reason({ desk: { store }, missing }: MissingProps) {
  const { value: tiles, problem } = useAnswer(() => tilesOf(store.collection, missing));
  if (problem !== null) return <>{problem}</>;
  if (tiles === null) return <>Reading why …</>;
  const [tile] = tiles;
  if (tile === undefined) return <>The collection has no such photo, or your quiz hides it from you.</>;
  const why = ruleText(tile, store.setup.threshold) ?? tile.detail;
  return (
    <>
      It was searched as <bdi>{tile.name}</bdi> and is {stateText(tile)}.{why === null ? '' : ` ${why}.`}
    </>
  );
}
