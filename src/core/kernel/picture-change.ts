/** How an exported picture differs. `stripped`: its metadata was removed. `reencoded`: it was written as PNG. */
export type PictureChange = 'unchanged' | 'stripped' | 'reencoded';
