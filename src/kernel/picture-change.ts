/**
 * How an exported picture differs from the stored photo. `stripped`: its metadata was removed, and the compressed pixels are the
 * same bytes. `reencoded`: it was written as PNG.
 */
export type PictureChange = 'unchanged' | 'stripped' | 'reencoded';
