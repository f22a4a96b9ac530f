/** @jsxRuntime automatic @jsxImportSource preact */
import type { MarkedModel } from './models.ts';
import type { Column } from './parts.tsx';

export const MODEL_COLUMN: Column<MarkedModel> = [
  'model',
  ({ model, letter }) => (
    <>
      <span class="letter">{letter}</span> {model.model}{' '}
      {model.isMember ? <small>member</small> : model.sharesBackbone ? <small>over a member’s backbone</small> : null}
    </>
  ),
];
