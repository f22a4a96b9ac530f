export const BUILT: string;
export function stampOf(root: string): string;
export function builtProgram(root: string): string | null;
export function stampFile(folder: string): string;
