import { isSameVersion, type RemoteVersion } from '../remote-version.ts';
import { OPEN_DATA_FILES, type OpenDataFile } from './rows.ts';

/** What identifies the files of a dump; without those that nothing identifies. */
export type DumpVersions = Readonly<Partial<Record<OpenDataFile, RemoteVersion>>>;

/** Whether all files can be told from others: only then can a walk be gone on with later. */
export function isIdentified(dump: DumpVersions): boolean {
  return isSameDump(dump, dump);
}

/** Whether both are surely the same dump, file by file. */
export function isSameDump(a: DumpVersions, b: DumpVersions): boolean {
  return OPEN_DATA_FILES.every((file) => {
    const [one, other] = [a[file], b[file]];
    return one !== undefined && other !== undefined && isSameVersion(one, other);
  });
}
