/** How photos are resized, by the names of model cards: Pillow's `BILINEAR`, `BICUBIC` and `LANCZOS`. All widen as they shrink. */
export const INTERPOLATIONS = ['bilinear-antialias', 'bicubic-antialias', 'lanczos'] as const;
export type Interpolation = (typeof INTERPOLATIONS)[number];
